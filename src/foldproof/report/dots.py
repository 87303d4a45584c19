"""Where the page draws the network and its baselines: the geometry of an inline SVG, in its own units."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, log10

from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.side_by_side import Rival, rivals, window
from foldproof.evaluation.wording import figure
from foldproof.metrics import Metric

WIDTH, LINE, TOP = 560.0, 44.0, 8.0
LEFT, RIGHT = 174.0, 14.0  # room for labels, and for half a tick label
TICKS = 4


@dataclass(frozen=True)
class Mark:
    """One line: label, height, and folds, mean, interval, test score as places; None is not drawn."""

    label: str
    y: float
    folds: tuple[tuple[float, float], ...]
    mean: float
    interval: tuple[float, float] | None
    test: float | None
    off_axis: str  # the mean as text where it lies beyond the axis, else empty
    beyond_left: bool


@dataclass(frozen=True)
class Dots:
    """The whole picture."""

    width: float
    height: float
    left: float
    right: float
    axis: float
    ticks: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]


def lay_out(assessment: Assessment) -> Dots:
    """Places of everything that is drawn, for the primary metric."""
    lines = rivals(assessment)
    low, high = window(lines)
    metric = assessment.metrics[0]
    axis = TOP + LINE * len(lines)

    def across(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low), 1)

    marks = tuple(_mark(line, place, low, high, across, metric) for place, line in enumerate(lines))
    labelled = tuple((across(value), label) for value, label in ticks(low, high))
    return Dots(WIDTH, axis + 26, LEFT, WIDTH - RIGHT, axis, labelled, marks)


def _mark(line: Rival, place: int, low: float, high: float, across: Callable[[float], float], metric: Metric) -> Mark:
    score, y = line.score, TOP + LINE * (place + 0.5)
    if not low <= score.mean <= high:
        return Mark(line.label, y, (), 0.0, None, None, figure(score.mean, metric), score.mean < low)
    step = 10.0 / max(1, len(score.values) - 1)
    return Mark(
        label=line.label,
        y=y,
        folds=tuple((across(value), round(y - 15 + step * fold, 1)) for fold, value in enumerate(score.values)),
        mean=across(score.mean),
        interval=(
            None
            if score.low is None or score.high is None
            else (across(max(low, score.low)), across(min(high, score.high)))
        ),
        test=None if line.test is None else across(line.test),
        off_axis="",
        beyond_left=False,
    )


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round values, 1, 2 or 5 times a power of ten apart, about four of them."""
    raw = (high - low) / TICKS
    power = 10.0 ** floor(log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    decimals = max(0, -floor(log10(step)))
    first, last = ceil(low / step), floor(high / step)
    return [(count * step, f"{count * step:.{decimals}f}") for count in range(first, last + 1)]
