"""The network and its baselines on the same folds: a dot a fold, the mean, its interval."""

from typing import TYPE_CHECKING

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.plots import canvas
from foldproof.evaluation.side_by_side import Rival, rivals, window
from foldproof.evaluation.wording import figure as written
from foldproof.evaluation.wording import named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def fold_scores(assessment: Assessment) -> bytes:
    """The primary metric: one line each for the network and every baseline."""
    lines = rivals(assessment)
    return canvas.draw(8.5, 1.5 + 0.62 * len(lines), lambda figure: _paint(figure, assessment, lines))


def _paint(figure: "Figure", assessment: Assessment, lines: tuple[Rival, ...]) -> None:
    metric = assessment.metrics[0]
    axes = figure.subplots()
    low, high = window(lines)
    for place, line in enumerate(lines):
        color = canvas.BLUE if place == 0 else canvas.GREY
        if line.score.mean < low:
            axes.text(low, place, f"◂ {written(line.score.mean, metric)}", va="center", color=color)
        elif line.score.mean > high:
            axes.text(high, place, f"{written(line.score.mean, metric)} ▸", ha="right", va="center", color=color)
        else:
            _line(axes, place, line, color)
    axes.set_xlim(low, high)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks(range(len(lines)), [line.label for line in lines])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    better = "higher is better" if metric.higher_is_better else "lower is better"
    axes.set_xlabel(f"{named(metric, canvas.short(assessment.target))}, {better}")
    canvas.title(figure, "Every fold of the network beside the baselines on the same folds")
    _legend(figure, assessment)


def _line(axes: "Axes", place: int, line: Rival, color: str) -> None:
    """Folds above, mean and interval on the line, test set below."""
    score = line.score
    step = 0.22 / max(1, len(score.values) - 1)
    offsets = [place - 0.38 + step * fold for fold in range(len(score.values))]
    axes.plot(score.values, offsets, "o", color=color, alpha=0.55, markersize=5, markeredgewidth=0)
    if score.low is not None and score.high is not None:
        axes.plot([score.low, score.high], [place, place], color=color, linewidth=2)
    axes.plot(score.mean, place, "D", color=color, markersize=8, markeredgecolor="white")
    if line.test is not None:
        axes.plot(line.test, place + 0.26, "v", color=canvas.VERMILION, markersize=6, markeredgewidth=0)


def _legend(figure: "Figure", assessment: Assessment) -> None:
    from matplotlib.lines import Line2D

    interval = f"mean and {100 * assessment.confidence:g} % interval"
    handles = [
        Line2D([], [], color=canvas.GREY, marker="o", linestyle="", alpha=0.55, label="a fold"),
        Line2D([], [], color=canvas.GREY, marker="D", markeredgecolor="white", label=interval),
    ]
    if assessment.test is not None:
        label = f"test set, {assessment.test.rows} rows"
        handles.append(Line2D([], [], color=canvas.VERMILION, marker="v", linestyle="", label=label))
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
