"""One look for every picture, and PNG bytes that depend on the figures alone.

Figures are made through the object interface, without pyplot and its global state; matplotlib's own
defaults are restored first, so that a user's matplotlibrc changes nothing, and no date or version is
written into the file. Colours are those of Okabe and Ito (2008), which people with any colour vision can
tell apart.
"""

import textwrap
from collections.abc import Callable
from functools import cache
from io import BytesIO
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN, ORANGE, GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#5F6B76"
INK, FAINT = "#1F2933", "#D5DBE1"
DOTS_PER_INCH = 150
LETTERS_PER_INCH = 9.5  # of a title
LONGEST_NAME = 18  # characters of a class name

STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.parse_math": False,  # a class may be called $x$
    "text.color": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "figure.facecolor": "white",
}


def draw(width: float, height: float, paint: Callable[["Figure"], None]) -> bytes:
    """The PNG that `paint` makes of an empty figure of `width` by `height` inches, at 150 dots per inch."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context(["default", STYLE]):
        figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        paint(figure)
        content = BytesIO()
        # not savefig, which draws everything once more to lay it out
        canvas.print_png(content, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return content.getvalue()


def title(figure: "Figure", text: str) -> None:
    """What is seen, in one sentence above the whole figure, at its left edge, wrapped to its width."""
    widest = int(figure.get_figwidth() * LETTERS_PER_INCH)
    text = "\n".join(textwrap.fill(line, widest) for line in text.split("\n"))
    figure.suptitle(text, x=0.01, ha="left", fontsize=11.5, fontweight="bold")


def logarithmic(panel: "Axes") -> None:
    """A logarithmic vertical axis with plain numbers at the powers of ten."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    panel.set_yscale("log")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def at_least_two_labels(panel: "Axes") -> None:
    """Where a logarithmic vertical axis, as it now is, shows fewer than two powers of ten, label others beside them."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    low, high = panel.get_ylim()
    if floor(log10(high)) - ceil(log10(low)) < 1:
        more_than_a_decade = high > 10 * low
        panel.yaxis.set_major_locator(
            LogLocator(subs=(1.0, 2.0, 5.0)) if more_than_a_decade else MaxNLocator(4, steps=[1, 2, 5, 10])
        )


def short(name: str, longest: int = LONGEST_NAME) -> str:
    """A class name that can be drawn: cut where it is long, a square for what the font lacks."""
    known = _characters()
    text = "".join(letter if ord(letter) in known else "\u25a1" for letter in name.replace("\n", " "))
    return text if len(text) <= longest else text[: longest - 1] + "…"


@cache
def _characters() -> frozenset[int]:
    """The code points that the font can draw."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(findfont("DejaVu Sans")).get_charmap())
