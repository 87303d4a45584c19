"""Which class is taken for which: counts, shaded by the share of the actual class."""

from typing import TYPE_CHECKING

import numpy as np

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.plots import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_COUNTED = 20  # classes; beyond, cells are too small for figures
MOST_NAMED = 50


def confusion_matrix(assessment: Assessment) -> bytes:
    """Actual class by predicted class over all out-of-fold predictions."""
    counts = np.array(assessment.confusion)
    side = min(11.0, max(4.2, 2.2 + 0.46 * len(counts)))
    names = [canvas.short(name, 14) for name in assessment.classes]
    return canvas.draw(side + 0.4, side + 0.3, lambda figure: _paint(figure, counts, names))


def _paint(figure: "Figure", counts: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", names: list[str]) -> None:
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1.15)  # the root lets rare confusions be seen
    classes = len(counts)
    if classes <= MOST_COUNTED:
        size = 9.5 if classes <= 12 else 8.5
        for actual, predicted in np.ndindex(*counts.shape):
            count = int(counts[actual, predicted])
            if count:
                color = "white" if shares[actual, predicted] > 0.45 else canvas.INK
                weight = "bold" if actual != predicted else "normal"
                axes.text(
                    predicted,
                    actual,
                    str(count),
                    ha="center",
                    va="center",
                    color=color,
                    fontsize=size,
                    fontweight=weight,
                )
    if classes <= MOST_NAMED:
        upright = max(len(name) for name in names) <= 3
        axes.set_xticks(range(classes), names, rotation=0 if upright else 45, ha="center" if upright else "right")
        axes.set_yticks(range(classes), names)
        if not upright:
            for label in axes.get_xticklabels():
                label.set_rotation_mode("anchor")
    axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    axes.grid(visible=False)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set(xlabel="predicted class", ylabel="actual class")
    canvas.title(figure, _seen(counts, names))


def _seen(counts: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", names: list[str]) -> str:
    right, total = int(np.trace(counts)), int(counts.sum())
    first = f"{right} of {total} predictions right"
    mistakes = counts - np.diag(np.diag(counts))
    actual, predicted = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
    worst = int(mistakes[actual, predicted])
    if worst == 0:
        return first
    return f"{first};\nmost often confused: {names[actual]} taken for {names[predicted]}, {worst} times"
