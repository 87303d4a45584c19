"""Predicted against actual values of a regression."""

from typing import TYPE_CHECKING

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.plots import canvas
from foldproof.evaluation.wording import figure as written
from foldproof.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def predicted_against_actual(assessment: Assessment, out_of_fold: "pd.DataFrame") -> bytes:
    """A dot for every out-of-fold prediction; on the diagonal it is right."""
    return canvas.draw(5.4, 5.4, lambda figure: _paint(figure, assessment, out_of_fold))


def _paint(figure: "Figure", assessment: Assessment, frame: "pd.DataFrame") -> None:
    axes = figure.subplots()
    actual, predicted = frame["target"], frame["prediction"]
    ends = [float(min(actual.min(), predicted.min())), float(max(actual.max(), predicted.max()))]
    axes.plot(ends, ends, color=canvas.GREY, linewidth=1, linestyle=(0, (4, 3)))
    alpha = min(0.6, max(0.08, 150 / max(len(frame), 1)))
    axes.plot(actual, predicted, "o", color=canvas.BLUE, markersize=4.5, markeredgewidth=0, alpha=alpha)
    axes.set_aspect("equal", adjustable="datalim")
    target = canvas.short(assessment.target, 30)
    axes.set(xlabel=f"actual {target}", ylabel=f"predicted {target}")
    errors = written(assessment.scores["mae"].mean, METRICS["mae"])
    canvas.title(figure, f"Predictions miss by {errors} on average\n(dashed: right on the value)")
