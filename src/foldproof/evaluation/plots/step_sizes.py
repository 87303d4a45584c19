"""Gradients and steps against epochs: how large the gradient is, and by how much a step moves each layer's weights."""

from typing import TYPE_CHECKING, Any

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.plots import canvas

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

USUAL = 1e-3  # of the weights' norm that a step moves them by
COLOURS = (canvas.BLUE, canvas.VERMILION, canvas.GREEN, canvas.ORANGE, canvas.GREY)
MOST_NAMED = len(COLOURS)  # layers; of more, the first and the last are named, those between are grey
APART: dict[str, Any] = {"linestyle": (0, (4, 2)), "linewidth": 1.0, "marker": "x", "markersize": 5}  # diverged


def step_sizes(watched: "pd.DataFrame", assessment: Assessment) -> bytes:
    """The mean over members and their range, of `reports/watched.csv`; members that diverged are lines of their own."""
    return canvas.draw(10, 3.8, lambda figure: _paint(figure, watched, _diverged(watched, assessment)))


def _diverged(watched: "pd.DataFrame", assessment: Assessment) -> "pd.Series[bool]":
    """Whether a line of `watched` is of a member that diverged."""
    import pandas as pd

    lost = {(one.repeat, one.fold) for one in assessment.members if one.stopped == "diverged"}
    members = zip(watched["repeat"], watched["fold"], strict=True)
    return pd.Series([member in lost for member in members], watched.index, dtype=bool)


def _paint(figure: "Figure", watched: "pd.DataFrame", diverged: "pd.Series[bool]") -> None:
    left, right = figure.subplots(1, 2)
    watched = watched.assign(diverged=diverged)
    moved = watched[watched["update_ratio"] > 0]
    _course(left, watched.drop_duplicates(["repeat", "fold", "step"]), "gradient_norm", canvas.BLUE)
    layers = list(dict.fromkeys(moved["layer"]))
    for place, layer in enumerate(layers):
        named = len(layers) <= MOST_NAMED or place in (0, len(layers) - 1)
        colour = COLOURS[place % len(COLOURS)] if len(layers) <= MOST_NAMED else _end(place, len(layers))
        _course(right, moved[moved["layer"] == layer], "update_ratio", colour, layer if named else None)
    right.axhline(USUAL, color=canvas.INK, linewidth=0.9, linestyle=(0, (2, 2)), label="usual")
    if moved["diverged"].any():
        right.plot([], [], color=canvas.INK, **APART, label="diverged")
    left.set(xlabel="epoch", ylabel="norm of the gradient")
    right.set(xlabel="epoch", ylabel="update / weights")
    for panel in (left, right):
        _whole_epochs(panel, watched["epoch"].min(), watched["epoch"].max())
        canvas.at_least_two_labels(panel)
    counted = moved if moved["diverged"].all() else moved[~moved["diverged"]]
    low, high = (float(counted["update_ratio"].agg(kind)) for kind in ("min", "max"))
    span = f"{low:.1g} to {high:.1g}" if f"{low:.1g}" != f"{high:.1g}" else f"{low:.1g}"
    canvas.title(figure, f"A step moves weights by {span} of their norm")
    right.legend(loc="best", fontsize=8)


def _end(place: int, layers: int) -> str:
    return canvas.BLUE if place == 0 else canvas.VERMILION if place == layers - 1 else canvas.FAINT


def _course(panel: "Axes", lines: "pd.DataFrame", column: str, colour: str, label: Any = None) -> None:
    """A line of means by epoch, in a band from the least to the largest; dashed, each member that diverged."""
    lines = lines[lines[column] > 0]
    seen = lines[~lines["diverged"]].groupby("epoch")[column].agg(["mean", "min", "max"])
    panel.fill_between(seen.index, seen["min"], seen["max"], color=colour, alpha=0.2, linewidth=0)
    panel.plot(seen.index, seen["mean"], color=colour, label=label, marker=".")
    for _, member in lines[lines["diverged"]].groupby(["repeat", "fold"]):
        course = member.groupby("epoch")[column].mean()
        panel.plot(course.index, course, color=colour, **APART)
    canvas.logarithmic(panel)


def _whole_epochs(panel: "Axes", first: int, last: int) -> None:
    """Ticks at epochs alone; one epoch stands in the middle."""
    from matplotlib.ticker import MaxNLocator

    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    if first == last:
        panel.set_xlim(first - 1, last + 1)
        panel.set_xticks([first])
