"""What a retraining did, as Markdown: to CI's summary page where there is one, else to the screen.

The page may be public, so it holds figures, names of stages and files, and no row of data. A complaint about the data
may quote a cell and is left to the log, unless rows were asked for.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from foldproof.report.rows import Rows

PAGE = "GITHUB_STEP_SUMMARY"  # names the file that CI shows
_INSTEAD = str.maketrans({"&": "&amp;", "<": "&lt;", "\n": " ", "`": "'"} | {mark: f"\\{mark}" for mark in "\\|*[]"})


@dataclass
class Account:
    """Collected on the way; `write` shows it, however far it came."""

    rows: int  # of data to show, 0 for none
    title: str = "Retraining was stopped from outside"
    _facts: list[tuple[str, str]] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)

    def fact(self, name: str, told: str) -> None:
        """A line of the table at the top."""
        self._facts.append((name, told))

    def result(self, root: Path) -> str:
        """Add the result that the workspace holds, and its worst rows where asked for; returns its headline."""
        from foldproof.checks.finding import load_findings
        from foldproof.evaluation.assessment import Assessment
        from foldproof.report import rows
        from foldproof.report.summary import markdown
        from foldproof.reproducibility import read_json
        from foldproof.retraining.mistakes import worst

        assessment = Assessment.from_dict(read_json(root / "reports" / "evaluation.json"))
        self._parts.append(markdown(assessment, load_findings(root / "reports" / "checks.json")))
        if self.rows:
            self._parts.append(f"The {self.rows} rows that were mistaken most, out of fold:")
            self._parts.append(_table(worst(root, self.rows)))
        return f"{assessment.metrics[0].label} {rows.headline(assessment)}"

    def stopped(self, step: str, problems: tuple[str, ...], *, may_quote_data: bool) -> None:
        """Say which step stopped, and what it found."""
        self.title = f"Retraining stopped at: {step}"
        if may_quote_data and not self.rows:
            counted = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
            problems = (f"{counted}; the job's log has the message, which may quote data",)
        self._parts.insert(0, "\n".join(f"- {_escaped(problem)}" for problem in problems))

    def write(self) -> None:
        """Append it to the page of CI's job, else print it."""
        facts = [_table(Rows(("", ""), tuple(self._facts)))] if self._facts else []
        text = "\n\n".join((f"# {_escaped(self.title)}", *facts, *self._parts)).rstrip("\n") + "\n"
        page = os.environ.get(PAGE)
        if not page:
            print(text, flush=True)
            return
        with Path(page).open("a", encoding="utf-8") as stream:
            stream.write(text)


def _table(content: Rows) -> str:
    lines = [content.columns, ("---",) * len(content.columns), *content.lines]
    return "\n".join(f"| {' | '.join(_escaped(cell) for cell in line)} |" for line in lines)


def _escaped(text: str) -> str:
    """Text that neither Markdown's tables, emphasis, links and pictures nor HTML read as their own."""
    return text.translate(_INSTEAD)
