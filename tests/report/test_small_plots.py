"""Small plots of checks: everything on the sheet, in proportion, what is not finite left out."""

from math import isfinite, log10

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldproof.checks.figures import KINDS, Bars, Line, Plot, Points, finite
from foldproof.report.small_plots import DRAWINGS, LEFT, MOST_BARS, RIGHT, WIDTH, Drawing, axis_over, draw


def drawn(plot: Plot) -> Drawing:
    drawing = draw(plot)
    assert drawing is not None
    return drawing


def of_kind(drawing: Drawing, kind: str) -> list[dict[str, float | str]]:
    return [shape.places for shape in drawing.shapes if shape.kind == kind]


def words(drawing: Drawing) -> str:
    return " ".join(shape.words for shape in drawing.shapes)


def test_every_kind_of_plot_has_its_drawing() -> None:
    assert list(DRAWINGS) == list(KINDS.values())


def test_bars_are_as_long_as_their_values() -> None:
    drawing = drawn(Bars(("a", "b"), (1.0, 4.0), "share of units", limit=2.0))
    one, other = (float(bar["width"]) for bar in of_kind(drawing, "bar"))
    assert other == pytest.approx(4 * one, abs=0.2)
    (limit,) = of_kind(drawing, "limit")
    assert float(limit["x1"]) == pytest.approx(LEFT + 2 * one, abs=0.2)
    assert {"a", "b", "1", "4"} <= set(words(drawing).split())
    assert "share of units, limit 2" in words(drawing)


def test_on_a_logarithmic_axis_a_factor_is_a_distance() -> None:
    drawing = drawn(Bars(("a", "b", "c"), (1e-3, 1e-2, 1e-1), "gradient", log=True))
    one, two, three = (float(bar["width"]) for bar in of_kind(drawing, "bar"))
    assert two - one == pytest.approx(three - two, abs=0.2)
    assert {"0.001", "0.01", "0.1"} <= set(words(drawing).split())


def test_negative_values_go_the_other_way() -> None:
    drawing = drawn(Bars(("a", "b"), (-1.0, 1.0), "difference"))
    one, other = of_kind(drawing, "bar")
    assert float(one["x"]) + float(one["width"]) == pytest.approx(float(other["x"]), abs=0.2)


def test_what_is_not_finite_or_has_no_logarithm_is_written() -> None:
    drawing = drawn(Bars(("a", "b", "c"), (None, 0.0, 1.0), "gradient", log=True))
    assert len(of_kind(drawing, "bar")) == 1
    assert "not finite" in words(drawing)


def test_too_many_bars_are_counted() -> None:
    labels = tuple(f"column with a long name {place}" for place in range(100))
    drawing = drawn(Bars(labels, tuple(range(100)), "share"))
    assert len(of_kind(drawing, "bar")) == MOST_BARS
    assert f"{100 - MOST_BARS} more" in words(drawing)
    assert "…" in words(drawing)


def test_a_curve_is_broken_off_where_it_is_not_finite() -> None:
    drawing = drawn(Line((1.0, 2.0, 3.0, 4.0), (1.0, None, 2.0, 3.0), "rate", "loss", {"here": 2.5}))
    (curve,) = of_kind(drawing, "curve")
    assert str(curve["d"]).count("M") == 2
    assert len(of_kind(drawing, "dot")) == 3
    assert "here 2.5" in words(drawing)


@pytest.mark.parametrize("kind", [Line, Points])
def test_a_limit_is_named_beside_its_line(kind: type[Line] | type[Points]) -> None:
    drawing = drawn(kind((0.0, 1.0), (1.0, 0.5), "step", "loss", limit=0.02))
    (limit,) = of_kind(drawing, "limit")
    (name,) = (shape for shape in drawing.shapes if shape.words == "limit 0.02")
    assert abs(float(name.places["y"]) - float(limit["y1"])) < 20
    assert drawing.told.endswith("limit 0.02")


def test_where_nothing_has_a_place_nothing_is_drawn() -> None:
    assert draw(Bars(("a", "b"), (0.0, None), "gradient", limit=1e-4, log=True)) is None
    assert draw(Line((1.0, 2.0), (None, None), "rate", "loss")) is None
    assert draw(Bars(("a",), (0.0,), "share", limit=0.5)) is not None


def test_differences_by_rounding_alone_do_not_stretch_an_axis() -> None:
    drawing = drawn(Points((1e-16, -2e-16), (1.0, 1.0 - 1e-16), "mean", "standard deviation"))
    assert all(
        len(shape.words) < 5 for shape in drawing.shapes if shape.kind in ("tick", "figure end") and "." in shape.words
    )


values = st.lists(st.floats(width=32) | st.floats(-10, 10, width=32), min_size=4, max_size=4).map(finite)


@settings(max_examples=50)
@given(x=values, y=values, kind=st.sampled_from([Line, Points]), log_x=st.booleans(), log_y=st.booleans())
def test_any_curve_stays_on_the_sheet(
    x: tuple[float | None, ...],
    y: tuple[float | None, ...],
    kind: type[Line] | type[Points],
    *,
    log_x: bool,
    log_y: bool,
) -> None:
    stays_on_the_sheet(kind(x, y, "rate", "loss", {"here": 0.1}, 0.2, log=log_y, log_x=log_x))


@settings(max_examples=50)
@given(found=values, limit=st.none() | st.floats(-1e30, 1e30), log=st.booleans())
def test_any_bars_stay_on_the_sheet(found: tuple[float | None, ...], limit: float | None, *, log: bool) -> None:
    stays_on_the_sheet(Bars(("a", "b", "c", "d"), found, "share", "unit", limit, log))


def stays_on_the_sheet(plot: Plot) -> None:
    drawing = draw(plot)
    if drawing is None:
        return
    for shape in drawing.shapes:
        numbers = {name: one for name, one in shape.places.items() if not isinstance(one, str)}
        assert all(isfinite(one) for one in numbers.values()), shape
        for name, one in numbers.items():
            across = "x" in name or name == "width"
            assert 0 <= one <= (drawing.width if across else drawing.height), shape


@given(exponents=st.lists(st.floats(-30, 30), min_size=1, max_size=5))
def test_a_logarithmic_axis_has_few_ticks_and_holds_all(exponents: list[float]) -> None:
    found = [10.0**one for one in exponents]
    axis = axis_over(found, LEFT, WIDTH - RIGHT, log=True)
    assert 1 <= len(axis.labelled) <= 7
    for value, exponent in zip(found, exponents, strict=True):
        share = (axis(value) - LEFT) / (WIDTH - RIGHT - LEFT)
        assert share == pytest.approx((exponent - log10(axis.low)) / log10(axis.high / axis.low), abs=1e-3)
