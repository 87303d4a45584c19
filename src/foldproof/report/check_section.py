"""What the page says of the checks before training: what is amiss first, with evidence and advice, then the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from foldproof.checks.figures import plot_of
from foldproof.checks.finding import Finding, Status
from foldproof.checks.telling import in_a_line
from foldproof.report.checks_shown import MARKS
from foldproof.report.small_plots import Drawing, draw

CLASSES: dict[Status, str] = {"ok": "ok", "warning": "warn", "error": "fail", "not applicable": "idle"}
MOST_SERIOUS_FIRST: tuple[Status, ...] = ("error", "warning", "ok", "not applicable")
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
    """All findings in a line, its mark and class, how many there are of each status, and the findings themselves."""

    line: str
    mark: str
    kind: str
    counts: tuple[tuple[str, int], ...]
    amiss: tuple[Shown, ...]
    others: tuple[Shown, ...]


def check_section(findings: Sequence[Finding]) -> CheckSection:
    """Lay findings out; at least one."""
    worst = min((one.status for one in findings), key=MOST_SERIOUS_FIRST.index)
    ordered = sorted(findings, key=lambda one: MOST_SERIOUS_FIRST.index(one.status))
    shown = tuple(_shown(one) for one in ordered)
    return CheckSection(
        line=in_a_line(findings),
        mark=MARKS[worst],
        kind=CLASSES[worst],
        counts=tuple((COUNTED[status], sum(one.status == status for one in findings)) for status in COUNTED),
        amiss=tuple(one for one in shown if one.finding.status in ("error", "warning")),
        others=tuple(one for one in shown if one.finding.status not in ("error", "warning")),
    )


def _shown(finding: Finding) -> Shown:
    plot = plot_of(finding.figures)
    sentence = finding.sentence[:1].upper() + finding.sentence[1:].removesuffix(".") + "."
    return Shown(
        finding, sentence, MARKS[finding.status], CLASSES[finding.status], None if plot is None else draw(plot)
    )
