"""What the pictures share: lines with the range over folds as a band, and panels side by side, one a technique."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from examples.techniques.trained import Floats, Trained
from foldproof.evaluation.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
# Okabe and Ito (2008), those that are seen on white; each with a dash and a marker of its own beside its colour.
COLOURS = (canvas.BLUE, canvas.VERMILION, canvas.GREEN, canvas.ORANGE, "#56B4E9", "#CC79A7", canvas.INK, canvas.GREY)
MARKERS = "os^Dv<>P"
DASHED = (0, (4, 2))


@dataclass(frozen=True)
class Panel:
    """A technique at each learning rate that was tried; the chosen one is drawn with its folds."""

    name: str
    tried: Sequence[Trained]
    chosen: Trained

    @property
    def rate(self) -> float:
        """The chosen learning rate, before any schedule."""
        rate = self.chosen.trial.train.optimizer.learning_rate
        assert rate != "auto"
        return rate


def band(axes: "Axes", x: Sequence[float] | Floats, folds: Floats, place: int, label: str | None = None) -> None:
    """The mean over folds of `[F, X]` as a line, from the lowest to the highest fold as a band."""
    colour = COLOURS[place]
    axes.plot(x, folds.mean(axis=0), color=colour, marker=MARKERS[place], markersize=4, label=label)
    axes.fill_between(x, folds.min(axis=0), folds.max(axis=0), color=colour, alpha=0.18, linewidth=0)


def training_loss(axes: "Axes", panel: Panel, reference: Panel) -> None:
    """Training loss against epochs: the chosen rate, the others that were tried, the reference dashed."""
    epochs = np.arange(1, panel.chosen.training_loss.shape[1] + 1)
    for one in panel.tried:
        axes.plot(epochs, one.training_loss.mean(axis=0), color=canvas.FAINT, linewidth=1)
    if panel is not reference:
        axes.plot(
            epochs, reference.chosen.training_loss.mean(axis=0), color=canvas.INK, linestyle=DASHED, linewidth=1.1
        )
    folds = panel.chosen.training_loss
    axes.plot(epochs, folds.mean(axis=0), color=canvas.BLUE)
    axes.fill_between(epochs, folds.min(axis=0), folds.max(axis=0), color=canvas.BLUE, alpha=0.25, linewidth=0)
    canvas.logarithmic(axes)


def side_by_side(panels: Sequence[Panel], title: str, *, with_rate: bool = False) -> bytes:
    """A panel a technique, all on the same axes; the first one is the reference. `with_rate` puts the rate above."""
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    floors = 2 if with_rate else 1

    def paint(figure: "Figure") -> None:
        grid = figure.subplots(
            floors * rows, columns, sharex=True, squeeze=False, height_ratios=([1, 2.2] if with_rate else [1]) * rows
        )
        tops, losses = grid[::floors].ravel(), grid[floors - 1 :: floors].ravel()
        for place, panel in enumerate(panels):
            top, axes = tops[place], losses[place]
            if with_rate:
                _rate(top, panel)
            training_loss(axes, panel, panels[0])
            accuracy = panel.chosen.score("accuracy")
            top.set_title(f"{panel.name}\nrate {panel.rate:.2g}, accuracy {accuracy.mean():.3f} ± {_sd(accuracy):.3f}")
            if place + columns >= len(panels):
                axes.set_xlabel("epoch")
                axes.tick_params(labelbottom=True)
            if place % columns == 0:
                axes.set_ylabel("training loss")
                top.set_ylabel("rate" if with_rate else "training loss")
        for one in {*tops[len(panels) :], *losses[len(panels) :]}:
            one.set_axis_off()
        for floor in (tops, losses) if with_rate else (losses,):
            _on_one_scale(floor[: len(panels)], columns)
        canvas.title(figure, title)
        _legend(figure, panels[0], columns)

    return canvas.draw(2.75 * columns + 0.3, (2.6 + (1.1 if with_rate else 0)) * rows + 1.2, paint)


def _rate(axes: "Axes", panel: Panel) -> None:
    rates = panel.chosen.learning_rate.mean(axis=0)
    axes.plot(np.arange(1, len(rates) + 1), rates, color=canvas.ORANGE)
    axes.set_ylim(bottom=0)


def _on_one_scale(panels: Any, columns: int) -> None:
    """The same vertical axis for all, its numbers beside the first of each line alone."""
    limits = np.array([axes.get_ylim() for axes in panels])
    for place, axes in enumerate(panels):
        axes.set_ylim(limits[:, 0].min(), limits[:, 1].max())
        if place % columns:
            axes.tick_params(labelleft=False)


def by_number(
    panels: Mapping[str, Mapping[str, Floats]],
    numbers: Sequence[float],
    title: str,
    labels: tuple[str, str],
    arrange: Callable[["Axes"], object] = lambda _: None,
) -> bytes:
    """Scores `[F, X]` of each line of each panel against the numbers `[X]`, with bands from lowest to highest fold.

    `labels` are those of both axes; `arrange` does what else each panel needs.
    """

    def paint(figure: "Figure") -> None:
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (name, lines) in zip(grid, panels.items(), strict=True):
            for place, (label, scores) in enumerate(lines.items()):
                band(axes, numbers, scores, place, label)
            axes.set_xlabel(labels[0])
            axes.set_title(name)
            arrange(axes)
            axes.set_xticks(numbers, [f"{number:g}" for number in numbers])
            axes.minorticks_off()
        grid[0].set_ylabel(labels[1])
        canvas.title(figure, title)
        handles, names = grid[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower left", ncols=4)

    return canvas.draw(7.5 if len(panels) == 1 else 4.2 * len(panels), 4.1, paint)


def _legend(figure: "Figure", reference: Panel, columns: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=canvas.BLUE, label="at the chosen rate, mean over folds"),
        Patch(color=canvas.BLUE, alpha=0.25, linewidth=0, label="lowest to highest fold"),
        Line2D([], [], color=canvas.FAINT, linewidth=1, label="other rates tried"),
        Line2D([], [], color=canvas.INK, linewidth=1.1, linestyle=DASHED, label=reference.name),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=columns)


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1))
