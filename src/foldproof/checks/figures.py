"""What the page draws of a check: small plots as plain values, one dataclass a kind, told apart by `plot`.

    Seen("...", figures=figures_of(Bars(("layer 1", "layer 2"), (0.4, 1e-7), "gradient (rms)", limit=1e-4, log=True)))

A dictionary with the same names does as well. What names no plot is kept in reports/checks.json and not drawn.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Literal, get_args

Value = float | None  # None: not finite


@dataclass(frozen=True)
class Bars:
    """A bar for each label, from 0, or on a logarithmic axis; `limit` is a line across, from which on is amiss.

    `x_label` says what the values are, with their unit, `y_label` what the labels name.
    """

    labels: tuple[str, ...]
    values: tuple[Value, ...]
    x_label: str
    y_label: str = ""
    limit: float | None = None
    log: bool = False
    plot: Literal["bars"] = "bars"


@dataclass(frozen=True)
class Line:
    """`y` over `x`, joined in the order given; a `limit` of y, and `marks` on the x axis by what is written there.

    `log` is of the y axis.
    """

    x: tuple[Value, ...]
    y: tuple[Value, ...]
    x_label: str
    y_label: str
    marks: dict[str, float] = field(default_factory=dict)
    limit: float | None = None
    log: bool = False
    log_x: bool = False
    plot: Literal["line"] = "line"


@dataclass(frozen=True)
class Points:
    """`y` against `x`, one dot each; the rest as of `Line`."""

    x: tuple[Value, ...]
    y: tuple[Value, ...]
    x_label: str
    y_label: str
    marks: dict[str, float] = field(default_factory=dict)
    limit: float | None = None
    log: bool = False
    log_x: bool = False
    plot: Literal["points"] = "points"


Plot = Bars | Line | Points
KINDS = {kind.plot: kind for kind in get_args(Plot)}


def finite(values: Iterable[float]) -> tuple[Value, ...]:
    """Numbers as JSON can hold them: what is not finite is None."""
    return tuple(float(one) if isfinite(one) else None for one in values)


def figures_of(plot: Plot) -> dict[str, Any]:
    """A plot as `Seen.figures`."""
    return asdict(plot)


def plot_of(figures: dict[str, Any]) -> Plot | None:
    """The plot that figures, perhaps read from a file, hold; None where they name none."""
    from pydantic import TypeAdapter

    kind = KINDS.get(figures.get("plot", ""))
    return None if kind is None else TypeAdapter[Plot](kind).validate_python(figures)
