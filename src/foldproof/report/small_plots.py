"""The small plots of checks: from plain values to shapes of an inline SVG, a table `kind of plot -> drawing`.

Shapes are SVG elements with their places; the page writes them out and its style colours them by class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from foldproof.checks.figures import Bars, Line, Plot, Points, Value
from foldproof.report.dots import ticks

WIDTH = 560.0
LEFT, RIGHT = 176.0, 70.0  # of bars: room for labels, and for figures beside them
BAR, TOP = 20.0, 10.0
MOST_BARS = 24
LONGEST = 22  # letters of a label
SAME = 1e-9  # values no further apart, beside 1 or their size, differ by rounding alone
FRAME = (62.0, 22.0, 14.0, 210.0)  # of curves: left, top, distance from the right, height of the axis' end
Places = dict[str, float | str]


@dataclass(frozen=True)
class Shape:
    """An SVG element: its name, its class, its attributes, and the words of a text."""

    tag: str
    kind: str
    places: Places
    words: str = ""


@dataclass(frozen=True)
class Drawing:
    """A whole plot, in its own units; `told` is what is said of it where it is not seen."""

    width: float
    height: float
    told: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Axis:
    """Values to places: a straight line from (`low`, `start`) to (`high`, `end`), of logarithms where `log`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value."""
        low, high, here = (log10(one) if self.log else one for one in (self.low, self.high, value))
        return round(self.start + (self.end - self.start) * ((here - low) / (high - low)), 1)

    def holds(self, value: float) -> bool:
        """Whether the value has a place at all."""
        return value > 0 or not self.log

    @property
    def labelled(self) -> list[tuple[float, str]]:
        """Places and words of its ticks: round values, or powers of ten, six at most."""
        if not self.log:
            return [(self(value), words) for value, words in ticks(self.low, self.high)]
        first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
        powers = range(first, last + 1, max(1, ceil((last - first + 1) / 6)))
        return [(self(10.0**power), short(10.0**power)) for power in powers]


def axis_over(values: Sequence[Value], start: float, end: float, *, log: bool, from_zero: bool = False) -> Axis:
    """An axis that holds all finite values, of whole powers of ten where it is logarithmic (then of positive ones)."""
    held = [one for one in values if one is not None and (one > 0 or not log)]
    if log:
        low, high = (min(held), max(held)) if held else (1.0, 10.0)
        bottom, top = floor(log10(low)), ceil(log10(high))
        return Axis(10.0**bottom, 10.0 ** max(top, bottom + 1), start, end, log=True)
    low, high = (min(held), max(held)) if held else (0.0, 1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= SAME * max(1.0, abs(low), abs(high)):
        low, high = low - max(0.5, SAME * abs(low)), high + max(0.5, SAME * abs(high))
    return Axis(low, high, start, end)


def short(value: float) -> str:
    """A figure of three digits."""
    return f"{value:.3g}"


def bars(plot: Bars) -> Drawing:
    """A line a bar, each with its label and its figure; those beyond the first are counted."""
    pairs = list(zip(plot.labels, plot.values, strict=True))
    shown, left_out = pairs[:MOST_BARS], len(pairs) - MOST_BARS
    end = TOP + BAR * len(shown)
    across = axis_over(
        [*(value for _, value in shown), plot.limit],
        LEFT,
        WIDTH - RIGHT,
        log=plot.log,
        from_zero=True,
    )
    shapes = [shape for x, words in across.labelled for shape in _tick_across(x, words, TOP, end)]
    for place, (label, value) in enumerate(shown):
        shapes += _bar(_cut(label), value, TOP + BAR * place, across)
    if plot.limit is not None and across.holds(plot.limit):
        x = across(plot.limit)
        shapes.append(Shape("line", "limit", {"x1": x, "x2": x, "y1": TOP - 4, "y2": end}))
    more = f" (the first {MOST_BARS}; {left_out} more)" if left_out > 0 else ""
    limit = "" if plot.limit is None else f", {_named_limit(plot.limit)}"
    if plot.y_label:
        shapes.append(Shape("text", "figure end", {"x": LEFT - 8, "y": end + 34}, plot.y_label))
    shapes.append(_title(plot.x_label + limit + more, (LEFT + WIDTH - RIGHT) / 2, end + 34))
    return Drawing(WIDTH, end + 42, f"{plot.x_label}{limit}: {len(pairs)} bars", tuple(shapes))


def _bar(label: str, value: Value, top: float, across: Axis) -> list[Shape]:
    middle = top + BAR / 2 + 4
    shapes = [Shape("text", "label", {"x": LEFT - 8, "y": middle}, label)]
    if value is None:
        return [*shapes, Shape("text", "figure", {"x": LEFT + 6, "y": middle}, "not finite")]
    if not across.holds(value):
        return [*shapes, Shape("text", "figure", {"x": LEFT + 6, "y": middle}, short(value))]
    origin = across.start if across.log else across(0.0)
    one, other = sorted((origin, across(value)))
    size: Places = {"x": one, "y": top + 3, "width": round(other - one, 1), "height": BAR - 6}
    return [
        *shapes,
        Shape("rect", "bar", size),
        Shape("text", "figure", {"x": max(other, origin) + 6, "y": middle}, short(value)),
    ]


def line(plot: Line) -> Drawing:
    """The curve; where a value is not finite it is broken off."""
    x, y = _axes(plot)
    path, pen = "", "M"
    for place in _places(plot, x, y):
        path += f"{pen}{place[0]} {place[1]}" if place else ""
        pen = "L" if place else "M"
    return _framed(plot, x, y, [Shape("path", "curve", {"d": path}), *_dots(plot, x, y, 2.5)])


def points(plot: Points) -> Drawing:
    """A dot each."""
    x, y = _axes(plot)
    return _framed(plot, x, y, _dots(plot, x, y, 3.5))


def _axes(plot: Line | Points) -> tuple[Axis, Axis]:
    left, top, right, bottom = FRAME
    return (
        axis_over([*plot.x, *plot.marks.values()], left, WIDTH - right, log=plot.log_x),
        axis_over([*plot.y, plot.limit], bottom, top, log=plot.log),
    )


def _dots(plot: Line | Points, x: Axis, y: Axis, radius: float) -> list[Shape]:
    places = (place for place in _places(plot, x, y) if place)
    return [Shape("circle", "dot", {"cx": one, "cy": other, "r": radius}) for one, other in places]


def _places(plot: Line | Points, x: Axis, y: Axis) -> list[tuple[float, float] | None]:
    """Where each pair lies; None where it is not finite, or not positive on a logarithmic axis."""
    pairs = zip(plot.x, plot.y, strict=True)
    return [
        None if one is None or other is None or not (x.holds(one) and y.holds(other)) else (x(one), y(other))
        for one, other in pairs
    ]


def _framed(plot: Line | Points, x: Axis, y: Axis, drawn: list[Shape]) -> Drawing:
    """What is drawn, with axes, their ticks and titles, and marks on the x axis, one below the other."""
    left, top, right, bottom = FRAME
    shapes = [shape for place, words in x.labelled for shape in _tick_across(place, words, top, bottom)]
    for place, words in y.labelled:
        shapes.append(Shape("line", "grid", {"x1": left, "x2": WIDTH - right, "y1": place, "y2": place}))
        shapes.append(Shape("text", "figure end", {"x": left - 8, "y": place + 4}, words))
    shapes += drawn
    if plot.limit is not None and y.holds(plot.limit):
        place = y(plot.limit)
        shapes.append(Shape("line", "limit", {"x1": left, "x2": WIDTH - right, "y1": place, "y2": place}))
        seen = [one[1] for one in _places(plot, x, y) if one]
        at_end = abs(seen[-1] - place) >= abs(seen[0] - place) if seen else True  # where less is drawn
        above: Places = {
            "x": WIDTH - right - 4 if at_end else left + 6,
            "y": place - 5 if place > top + 18 else place + 15,
        }
        shapes.append(Shape("text", "mark end" if at_end else "mark", above, _named_limit(plot.limit)))
    for number, (words, value) in enumerate(plot.marks.items()):
        if x.holds(value):
            place, after = x(value), x(value) < (left + WIDTH - right) / 2
            shapes.append(Shape("line", "limit", {"x1": place, "x2": place, "y1": top, "y2": bottom}))
            beside: Places = {"x": place + (6 if after else -6), "y": top + 12 + 15 * number}
            shapes.append(Shape("text", "mark" if after else "mark end", beside, f"{words} {short(value)}"))
    shapes.append(_title(plot.x_label, (left + WIDTH - right) / 2, bottom + 34))
    shapes.append(Shape("text", "figure", {"x": 4, "y": 12}, plot.y_label))
    marks = "".join(f"; {words} {short(value)}" for words, value in plot.marks.items())
    limit = "" if plot.limit is None else f"; {_named_limit(plot.limit)}"
    return Drawing(WIDTH, bottom + 42, f"{plot.y_label} over {plot.x_label}{marks}{limit}", tuple(shapes))


def _tick_across(x: float, words: str, top: float, bottom: float) -> list[Shape]:
    return [
        Shape("line", "grid", {"x1": x, "x2": x, "y1": top, "y2": bottom}),
        Shape("text", "tick", {"x": x, "y": bottom + 16}, words),
    ]


def _named_limit(limit: float) -> str:
    return f"limit {short(limit)}"


def _title(words: str, x: float, y: float) -> Shape:
    return Shape("text", "tick", {"x": x, "y": y}, words)


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


DRAWINGS: dict[type[Plot], Callable[[Any], Drawing]] = {Bars: bars, Line: line, Points: points}


def draw(plot: Plot) -> Drawing | None:
    """The drawing of a plot, by its kind; None where no bar or dot of it has a place."""
    seen = plot.values if isinstance(plot, Bars) else plot.y
    if not any(one is not None and (one > 0 or not plot.log) for one in seen):
        return None
    return DRAWINGS[type(plot)](plot)
