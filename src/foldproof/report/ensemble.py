"""Who is in the ensemble: every member that has learnt; one that diverged before it had a best epoch is left out."""

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.wording import listed


def size(assessment: Assessment) -> int:
    """How many members the exported model is the mean of, as `ExportedModel.trained` has it."""
    return sum(member.trained for member in assessment.members)


def names_left_out(assessment: Assessment) -> tuple[str, ...]:
    """Those members that have their initial weights, and no learning curve."""
    return tuple(member.name for member in assessment.members if not member.trained)


def who_is_left_out(assessment: Assessment) -> str:
    """What becomes of members that learnt nothing; empty where there are none."""
    names = names_left_out(assessment)
    if not names:
        return ""
    if len(names) == 1:
        return (
            f"The network of {names[0]} learnt nothing: its fold is scored with its initial weights, and it is not in "
            "the ensemble."
        )
    return (
        f"The networks of {listed(names)} learnt nothing: their folds are scored with their initial weights, and they "
        "are not in the ensemble."
    )
