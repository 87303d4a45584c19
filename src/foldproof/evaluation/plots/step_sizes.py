"""Gradients and steps against epochs: how large the gradient is, and by how much a step moves each layer's weights."""

from typing import TYPE_CHECKING, Any

from foldproof.evaluation.plots import canvas

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

USUAL = 1e-3  # of the weights' norm that a step moves them by
COLOURS = (canvas.BLUE, canvas.VERMILION, canvas.GREEN, canvas.ORANGE, canvas.GREY)
MOST_NAMED = len(COLOURS)  # layers; of more, the first and the last are named, those between are grey


def step_sizes(watched: "pd.DataFrame") -> bytes:
    """The mean over members and their range, of `reports/watched.csv`."""
    return canvas.draw(10, 3.8, lambda figure: _paint(figure, watched))


def _paint(figure: "Figure", watched: "pd.DataFrame") -> None:
    left, right = figure.subplots(1, 2)
    moved = watched[watched["update_ratio"] > 0]
    _course(left, watched.drop_duplicates(["repeat", "fold", "step"]), "gradient_norm", canvas.BLUE)
    layers = list(dict.fromkeys(moved["layer"]))
    for place, layer in enumerate(layers):
        named = len(layers) <= MOST_NAMED or place in (0, len(layers) - 1)
        colour = COLOURS[place % len(COLOURS)] if len(layers) <= MOST_NAMED else _end(place, len(layers))
        _course(right, moved[moved["layer"] == layer], "update_ratio", colour, layer if named else None)
    right.axhline(USUAL, color=canvas.INK, linewidth=0.9, linestyle=(0, (2, 2)), label="usual")
    left.set(xlabel="epoch", ylabel="norm of the gradient")
    right.set(xlabel="epoch", ylabel="update / weights")
    low, high = (float(moved["update_ratio"].agg(kind)) for kind in ("min", "max"))
    canvas.title(figure, f"A step moves weights by {low:.1g} to {high:.1g} of their norm")
    right.legend(loc="best", fontsize=8)


def _end(place: int, layers: int) -> str:
    return canvas.BLUE if place == 0 else canvas.VERMILION if place == layers - 1 else canvas.FAINT


def _course(panel: "Axes", lines: "pd.DataFrame", column: str, colour: str, label: Any = None) -> None:
    """A line of means by epoch, in a band from the least to the largest."""
    seen = lines[lines[column] > 0].groupby("epoch")[column].agg(["mean", "min", "max"])
    panel.fill_between(seen.index, seen["min"], seen["max"], color=colour, alpha=0.2, linewidth=0)
    panel.plot(seen.index, seen["mean"], color=colour, label=label, marker=".")
    canvas.logarithmic(panel)
