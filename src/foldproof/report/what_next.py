"""What to do next: what was found before training comes before what the result itself suggests."""

from collections.abc import Sequence

from foldproof.checks.finding import Finding, Status
from foldproof.config.advice import Advice
from foldproof.evaluation.assessment import Assessment

MOST = 5
AMISS: tuple[Status, ...] = ("error", "warning")
FIRST = ("leaking_feature", "relation", "normalisation")  # about the rows: what is found after them may follow from it


def what_next(assessment: Assessment, findings: Sequence[Finding] = ()) -> tuple[Advice, ...]:
    """Advice of errors, then of warnings, then of the assessment: one for each key, the first, and five at most."""
    amiss = sorted((one for one in findings if one.status in AMISS), key=_rank)
    by_key: dict[str, Advice] = {}
    for advice in (*(advice for one in amiss for advice in one.advice), *assessment.advice):
        by_key.setdefault(advice.key, advice)
    return tuple(by_key.values())[:MOST]


def _rank(finding: Finding) -> tuple[int, int]:
    place = FIRST.index(finding.check) if finding.check in FIRST else len(FIRST)
    return AMISS.index(finding.status), place
