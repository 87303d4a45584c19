"""What the page says of the checks before training: what is amiss first, with evidence and advice, then the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from foldproof.checks.figures import plot_of
from foldproof.checks.finding import Finding, Status
from foldproof.report.checks_in_words import CLASSES, MOST_SERIOUS_FIRST, InWords, in_words
from foldproof.report.checks_shown import MARKS
from foldproof.report.small_plots import Drawing, draw

COUNTED: dict[Status, str] = {
    "ok": "passed",
    "warning": "warnings",
    "error": "errors",
    "not applicable": "not applicable",
}


@dataclass(frozen=True)
class Shown:
    """A finding as the page shows it: its words, mark and class of its status, and its plot where it has one."""

    finding: Finding
    sentence: str
    mark: str
    kind: str
    drawing: Drawing | None


@dataclass(frozen=True)
class CheckSection:
    """All findings in a line, how many there are of each status, and the findings themselves."""

    in_words: InWords
    counts: tuple[tuple[str, int], ...]
    amiss: tuple[Shown, ...]
    others: tuple[Shown, ...]


def check_section(findings: Sequence[Finding]) -> CheckSection:
    """Lay findings out; at least one."""
    ordered = sorted(findings, key=lambda one: MOST_SERIOUS_FIRST.index(one.status))
    shown = tuple(_shown(one) for one in ordered)
    return CheckSection(
        in_words=in_words(findings),
        counts=tuple((COUNTED[status], sum(one.status == status for one in findings)) for status in COUNTED),
        amiss=tuple(one for one in shown if one.finding.status in ("error", "warning")),
        others=tuple(one for one in shown if one.finding.status not in ("error", "warning")),
    )


def _shown(finding: Finding) -> Shown:
    plot = plot_of(finding.figures)
    sentence = finding.sentence.removesuffix(".") + "."  # it may begin with the name of a column, as that is written
    return Shown(
        finding, sentence, MARKS[finding.status], CLASSES[finding.status], None if plot is None else draw(plot)
    )
