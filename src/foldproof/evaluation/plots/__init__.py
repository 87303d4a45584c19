"""The pictures of an assessment, as PNG bytes by name."""

from typing import TYPE_CHECKING

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.plots.confusion import confusion_matrix
from foldproof.evaluation.plots.fold_scores import fold_scores
from foldproof.evaluation.plots.learning_curves import learning_curves
from foldproof.evaluation.plots.learning_rate import learning_rate, moves
from foldproof.evaluation.plots.reliability import reliability
from foldproof.evaluation.plots.scatter import predicted_against_actual
from foldproof.evaluation.plots.step_sizes import step_sizes

if TYPE_CHECKING:
    import pandas as pd


__all__ = [
    "confusion_matrix",
    "fold_scores",
    "learning_curves",
    "learning_rate",
    "pictures",
    "pictures_of_target",
    "predicted_against_actual",
    "reliability",
    "step_sizes",
]


def pictures(
    assessment: Assessment,
    curves: "pd.DataFrame",
    out_of_fold: "pd.DataFrame",
    watched: "pd.DataFrame | None" = None,
) -> dict[str, bytes]:
    """`learning_curves`, `learning_rate` where it moves, `step_sizes` where they were looked at, and the target's own.

    The pictures of a target are those of the first.
    """
    drawn = {"learning_curves": learning_curves(assessment, curves)}
    if moves(curves):
        drawn["learning_rate"] = learning_rate(assessment, curves)
    if watched is not None and (watched["update_ratio"] > 0).any():
        drawn["step_sizes"] = step_sizes(watched, assessment)
    return drawn | pictures_of_target(assessment, out_of_fold)


def pictures_of_target(assessment: Assessment, out_of_fold: "pd.DataFrame") -> dict[str, bytes]:
    """`fold_scores`, and `confusion` and `reliability`, or `scatter`; `out_of_fold` is of this target alone."""
    drawn = {"fold_scores": fold_scores(assessment)}
    if assessment.confusion is not None:
        drawn["confusion"] = confusion_matrix(assessment)
    if assessment.calibration is not None:
        drawn["reliability"] = reliability(assessment.calibration)
    if assessment.task == "regression":
        drawn["scatter"] = predicted_against_actual(assessment, out_of_fold)
    return drawn
