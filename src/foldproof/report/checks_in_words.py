"""The checks before training as one item of "Can I trust it?": a mark, how many passed, and what did not."""

from collections.abc import Sequence
from dataclasses import dataclass

from foldproof.checks.finding import Finding, Status
from foldproof.checks.telling import NAMES
from foldproof.report.checks_shown import MARKS

CLASSES: dict[Status, str] = {"ok": "ok", "warning": "warn", "error": "fail", "not applicable": "idle"}
MOST_SERIOUS_FIRST: tuple[Status, ...] = ("error", "warning", "ok", "not applicable")
CALLED: dict[Status, str] = {"error": "Error", "warning": "Warning"}
MOST_NAMED = 4
TITLE = "Checks before training"


@dataclass(frozen=True)
class InWords:
    """What the findings come to, and the mark and class of the worst of them."""

    sentence: str
    mark: str
    kind: str

    @property
    def amiss(self) -> bool:
        """Whether there is a warning or an error."""
        return self.kind in (CLASSES["error"], CLASSES["warning"])


def in_words(findings: Sequence[Finding]) -> InWords:
    """`18 of 20 passed. Error: Can it learn a few rows by heart?`; at least one finding."""
    worst = min((one.status for one in findings), key=MOST_SERIOUS_FIRST.index)
    looked_at = [one for one in findings if one.status != "not applicable"]
    passed = sum(one.status == "ok" for one in looked_at)
    parts = [f"{passed} of {len(looked_at)} passed."]
    room = MOST_NAMED
    for status, called in CALLED.items():
        titles = [one.title for one in looked_at if one.status == status]
        if titles[:room]:
            parts.append(f"{called if len(titles) == 1 else f'{called}s'}: {' '.join(titles[:room])}")
        room = max(0, room - len(titles))
    more = len(looked_at) - passed - MOST_NAMED
    parts += [f"And {more} more."] if more > 0 else []
    if left_out := NAMES - {one.check for one in findings}:
        parts.append(f"{len(left_out)} not made.")
    return InWords(" ".join(parts), MARKS[worst], CLASSES[worst])
