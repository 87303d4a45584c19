"""Loss and score against epochs, member by member: does it still learn, does it learn by heart."""

from typing import TYPE_CHECKING, Any

from foldproof.evaluation.assessment import Assessment, FoldResult
from foldproof.evaluation.plots import canvas
from foldproof.evaluation.wording import counted
from foldproof.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5
MOST_PANELS = 10  # members; beyond, they are drawn over one another
PREFIX = "inner_validation_"


def learning_curves(assessment: Assessment, curves: "pd.DataFrame") -> bytes:
    """Training loss against inner-validation loss, below it the score; the best epoch is marked."""
    name = next(column for column in curves.columns if column.startswith(PREFIX) and column != f"{PREFIX}loss")
    score = METRICS[name.removeprefix(PREFIX)].label
    each = [(member, _lines_of(member, curves)) for member in assessment.members if member.trained]
    best = [member.best_epoch for member, _ in each]
    when = f"epoch {best[0]}" if min(best) == max(best) else f"epochs {min(best)} to {max(best)}"
    whose = "its" if len(best) == 1 else "their"
    seen = f"{counted(len(best), 'member')}, at {whose} best at {when} by inner-validation loss"
    if len(each) > MOST_PANELS:
        return canvas.draw(10, 4.2, lambda figure: _overlaid(figure, each, name, score, seen))
    rows = -(-len(each) // COLUMNS)
    return canvas.draw(11, 1.0 + 3.9 * rows, lambda figure: _panels(figure, each, name, score, seen))


def _lines_of(member: FoldResult, curves: "pd.DataFrame") -> "pd.DataFrame":
    return curves[(curves["repeat"] == member.repeat) & (curves["fold"] == member.fold)].sort_values("epoch")


def _panels(figure: "Figure", each: list[Any], name: str, score: str, seen: str) -> None:
    columns = min(COLUMNS, len(each))
    blocks = -(-len(each) // columns)
    axes = figure.subplots(2 * blocks, columns, sharex=True, sharey="row", squeeze=False)
    logarithmic = _wide([lines for _, lines in each])
    for place in range(blocks * columns):
        block, column = divmod(place, columns)
        upper, lower = axes[2 * block, column], axes[2 * block + 1, column]
        if place >= len(each):
            upper.set_axis_off()
            lower.set_axis_off()
            continue
        member, lines = each[place]
        upper.set_title(member.name)
        _loss(upper, lines, logarithmic, 1.0)
        lower.plot(lines["epoch"], lines[name], color=canvas.GREEN)
        for panel in (upper, lower):
            panel.axvline(member.best_epoch, color=canvas.INK, linewidth=0.9, linestyle=(0, (2, 2)))
        lower.set_xlabel("epoch")
        if column == 0:
            upper.set_ylabel("loss")
            lower.set_ylabel(f"inner-validation\n{score}")
    for first in axes[::2, 0] if logarithmic else ():  # those beside it share its axis
        canvas.at_least_two_labels(first)
    canvas.title(figure, seen)
    _legend(figure, score, {"linestyle": ":"})


def _overlaid(figure: "Figure", each: list[Any], name: str, score: str, seen: str) -> None:
    left, right = figure.subplots(1, 2)
    logarithmic = _wide([lines for _, lines in each])
    for member, lines in each:
        _loss(left, lines, logarithmic, 0.35)
        right.plot(lines["epoch"], lines[name], color=canvas.GREEN, alpha=0.35)
        at_best = lines[lines["epoch"] == member.best_epoch]
        for panel, column in ((left, f"{PREFIX}loss"), (right, name)):
            panel.plot(at_best["epoch"], at_best[column], "o", color=canvas.INK, markersize=3)
    if logarithmic:
        canvas.at_least_two_labels(left)
    left.set(xlabel="epoch", ylabel="loss")
    right.set(xlabel="epoch", ylabel=f"inner-validation {score}")
    canvas.title(figure, seen)
    _legend(figure, score, {"linestyle": "", "marker": "o", "markersize": 4})


def _loss(panel: "Axes", lines: "pd.DataFrame", logarithmic: bool, alpha: float) -> None:
    panel.plot(lines["epoch"], lines["training_loss"], color=canvas.BLUE, alpha=alpha)
    panel.plot(lines["epoch"], lines[f"{PREFIX}loss"], color=canvas.VERMILION, alpha=alpha)
    if logarithmic:
        canvas.logarithmic(panel)


def _wide(frames: "list[pd.DataFrame]") -> bool:
    """Whether the losses span so much that only a logarithmic scale shows them all."""
    columns = ["training_loss", f"{PREFIX}loss"]
    low = min(float(frame[columns].to_numpy().min()) for frame in frames)
    high = max(float(frame[columns].to_numpy().max()) for frame in frames)
    return low > 0 and high > 10 * low


def _legend(figure: "Figure", score: str, best_epoch: dict[str, Any]) -> None:
    from matplotlib.lines import Line2D

    kinds = (
        ("training loss (dropout and augmentation on)", canvas.BLUE),
        ("inner-validation loss", canvas.VERMILION),
        (f"inner-validation {score}", canvas.GREEN),
    )
    handles = [Line2D([], [], color=color, label=label) for label, color in kinds]
    handles.append(Line2D([], [], color=canvas.INK, label="best epoch", **best_epoch))
    figure.legend(handles=handles, loc="outside lower left", ncols=4)
