"""The end of a run in the terminal, and the same as Markdown for a CI job's summary."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from foldproof.checks.finding import Finding
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.wording import counted
from foldproof.report import rows
from foldproof.report.checks_in_words import TITLE, in_words
from foldproof.report.ensemble import size, who_is_left_out
from foldproof.report.rows import Rows
from foldproof.report.targets import target_rows, which_decides
from foldproof.report.what_next import what_next

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 100  # columns
STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "idle": "dim"}


def show(
    assessment: Assessment,
    report: str = "reports/report.html",
    stream: TextIO | None = None,
    findings: Sequence[Finding] = (),
    head: str = "",
) -> None:
    """Print how good, against what, whether to trust it, what next; plain text where there is no terminal.

    `findings` are those of the checks before training; `head` is what must be known before anything else.
    """
    from rich.console import Console

    console = Console(file=stream or sys.stdout, force_jupyter=False, highlight=False, markup=False)
    console.width = min(WIDEST, console.width) if console.is_terminal else WIDEST
    console.print()
    if head:
        console.print(f"{head}.", style=STYLES["fail"])
    console.print(f"{assessment.data}: {rows.described(assessment)}", style="bold")
    _table(console, _narrow(rows.folds(assessment), assessment))
    metric = assessment.metrics[0]
    console.print(
        f"{metric.label} {rows.headline(assessment)}, {rows.headline_interval(assessment)}, {rows.counted(assessment)}",
        style="bold",
    )
    if assessment.targets:
        _table(console, _without(target_rows(assessment), "strongest baseline", "network's gain"))
        console.print(which_decides(assessment))
    _table(console, rows.baselines(assessment))
    if assessment.test is not None:
        _table(console, rows.test_set(assessment))
        members = counted(size(assessment), "member")
        console.print(f"the ensemble of {members} on {assessment.test.rows} rows held out of everything")
    if left_out := who_is_left_out(assessment):
        console.print(left_out)
    console.print()
    console.print(f"Can I trust it? {rows.trust(assessment)}.", style="bold")
    for check in rows.remarks(assessment):
        _item(console, rows.MARKS[check.status], f"{check.title}? {check.sentence}", STYLES[check.status])
    if findings:
        before = in_words(findings)
        _item(console, before.mark, f"{TITLE}: {before.sentence}", STYLES[before.kind])
    for line in rows.diagnoses(assessment):
        _item(console, *(("✓", line, "green") if line == rows.NOTHING_AMISS else ("!", line, "yellow")))
    console.print()
    console.print("What next?", style="bold")
    for advice in what_next(assessment, findings):
        _item(console, "•", f"{advice.key}: {advice.sentence}", "cyan")
    console.print()
    console.print(f"Report: {report}   MLflow: make ui   Figures: dvc metrics show", style="bold")


def markdown(assessment: Assessment, findings: Sequence[Finding] = (), head: str = "") -> str:
    """The same for a page of Markdown: figures alone, no row of data and no name of a class."""
    metric = assessment.metrics[0]
    parts = [
        f"**{head}.**" if head else "",
        f"## {_escaped(assessment.data)}: {metric.label} {rows.headline(assessment)}",
        f"{rows.headline_interval(assessment)}, {rows.counted(assessment)}; {_escaped(rows.described(assessment))}.",
        *_targets(assessment),
        _markdown_table(rows.baselines(assessment)),
        _markdown_table(_narrow(rows.folds(assessment), assessment)),
    ]
    if assessment.test is not None:
        parts.append(f"The ensemble on {assessment.test.rows} test rows:")
        parts.append(_markdown_table(rows.test_set(assessment)))
    parts.append(_escaped(who_is_left_out(assessment)))
    parts.append(f"**Can I trust it?** {rows.trust(assessment)}.")
    parts.append(_list(f"{check.title}? {check.sentence}" for check in rows.remarks(assessment)))
    parts.append(f"{TITLE}: {in_words(findings).sentence}" if findings else "")
    parts.append(_list(rows.diagnoses(assessment)))
    parts.append("**What next?**")
    parts.append(_list(f"`{advice.key}`: {advice.sentence}" for advice in what_next(assessment, findings)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _targets(assessment: Assessment) -> tuple[str, ...]:
    if not assessment.targets:
        return ()
    return (_escaped(which_decides(assessment)), _markdown_table(target_rows(assessment)))


def _without(table: Rows, *names: str) -> Rows:
    """A table without some of its columns."""
    kept = [place for place, column in enumerate(table.columns) if column not in names]
    lines = tuple(tuple(line[place] for place in kept) for line in table.lines)
    return Rows(tuple(table.columns[place] for place in kept), lines)


def _narrow(table: Rows, assessment: Assessment) -> Rows:
    """The folds with two metrics, the primary one and the next that is a loss: what fits a terminal."""
    second = next(
        (place for place, metric in enumerate(assessment.metrics[1:], start=2) if not metric.higher_is_better),
        2,
    )
    last = len(assessment.metrics)
    kept = (0, 1, second, last + 1, last + 2, last + 3)
    lines = tuple(tuple(line[place] for place in kept) for line in table.lines)
    return Rows(tuple(table.columns[place] for place in kept), lines)


def _table(console: "Console", content: Rows) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(content.columns):
        at_end = place in (0, len(content.columns) - 1)
        table.add_column(Text(column), justify="left" if at_end else "right", no_wrap=place == 0)
    for line in content.lines:
        table.add_row(*(Text(cell) for cell in line))
    console.print(table)


def _item(console: "Console", mark: str, text: str, style: str) -> None:
    """A mark and a text, wrapped beside it."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(f" {mark}", style=style), Text(text))
    console.print(grid)


def _markdown_table(table: Rows) -> str:
    head = "| " + " | ".join(_escaped(column) or " " for column in table.columns) + " |"
    rule = "|" + "|".join("---" for _ in table.columns) + "|"
    lines = ("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in table.lines)
    return "\n".join((head, rule, *lines))


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _escaped(text: str) -> str:
    """Text that neither a table of Markdown nor HTML reads as its own."""
    for letter, instead in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("\n", " "), ("`", "'")):
        text = text.replace(letter, instead)
    return text
