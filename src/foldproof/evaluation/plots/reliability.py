"""Whether probabilities mean what they say: the share that is right against the probability given."""

from typing import TYPE_CHECKING

from foldproof.evaluation.calibration import Calibration
from foldproof.evaluation.plots import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reliability(calibration: Calibration) -> bytes:
    """A dot a bin beside the diagonal, where probability and share agree; below, the predictions in each."""
    return canvas.draw(5.2, 5.2, lambda figure: _paint(figure, calibration))


def _paint(figure: "Figure", calibration: Calibration) -> None:
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    upper.plot([0, 1], [0, 1], color=canvas.GREY, linewidth=1, linestyle=(0, (4, 3)))
    upper.text(1.0, 0.02, "dashed: perfectly calibrated", color=canvas.GREY, ha="right")
    for one in calibration.bins:
        upper.plot([one.confidence] * 2, [one.confidence, one.accuracy], color=canvas.BLUE, linewidth=1, alpha=0.6)
    confidence = [one.confidence for one in calibration.bins]
    upper.plot(
        confidence,
        [one.accuracy for one in calibration.bins],
        "o",
        color=canvas.BLUE,
        markersize=6,
        clip_on=False,
    )
    upper.set(ylabel="share predicted right", ylim=(-0.03, 1.03))
    middles = [(one.low + one.high) / 2 for one in calibration.bins]
    width = calibration.bins[0].high - calibration.bins[0].low
    lower.bar(middles, [one.rows for one in calibration.bins], width=0.9 * width, color=canvas.BLUE)
    lower.set(xlabel="highest predicted probability", ylabel="predictions", xlim=(0, 1))
    canvas.logarithmic(lower)
    lower.set_ylim(bottom=0.7)
    error = 100 * calibration.expected_error
    canvas.title(figure, f"Probabilities are off by {error:.1f} points on average\n(expected calibration error)")
