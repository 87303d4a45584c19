"""The drawing of the first screen: places on the axis, ticks, and what lies beyond it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.stand_in import diabetes_assessment, digits_assessment

from foldproof.report.dots import LEFT, lay_out, ticks


def test_places_keep_the_order_and_distance_of_the_scores() -> None:
    assessed = diabetes_assessment()
    dots = lay_out(assessed)
    values = [value for line in (assessed.headline, assessed.baselines[1].scores["r2"]) for value in line.values]
    places = [x for mark in (dots.marks[0], dots.marks[2]) for x, _ in mark.folds]
    scale = (places[1] - places[0]) / (values[1] - values[0])
    for value, place in zip(values, places, strict=True):
        assert place - places[0] == pytest.approx(scale * (value - values[0]), abs=0.15)


def test_everything_drawn_lies_on_the_sheet() -> None:
    for assessed in (digits_assessment(), diabetes_assessment()):
        dots = lay_out(assessed)
        for mark in dots.marks:
            places = [x for x, _ in mark.folds] + list(mark.interval or ())
            assert all(LEFT <= x <= dots.right for x in places)
            assert 0 < mark.y < dots.axis


def test_an_interval_wider_than_the_axis_ends_with_it() -> None:
    main = replace(digits_assessment().headline, low=-110.0)
    mark, *_ = lay_out(replace(digits_assessment(), scores={"accuracy": main})).marks
    assert mark.interval is not None
    assert mark.interval[0] == LEFT


def test_a_baseline_far_off_is_written_and_not_drawn() -> None:
    majority = lay_out(digits_assessment()).marks[1]
    assert majority.off_axis == f"{digits_assessment().baselines[0].scores['accuracy'].mean:.4f}"
    assert majority.beyond_left
    assert majority.folds == ()


def test_without_intervals_and_test_set() -> None:
    main = replace(digits_assessment().headline, low=None, high=None)
    assessed = replace(digits_assessment(), scores={"accuracy": main}, test=None)
    mark = lay_out(assessed).marks[0]
    assert mark.interval is None
    assert mark.test is None


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.93, 0.991, ["0.94", "0.96", "0.98"]),
        (-0.1, 0.62, ["0.0", "0.2", "0.4", "0.6"]),
        (41.0, 69.0, ["50", "60"]),
        (0.9959, 0.9971, ["0.9960", "0.9965", "0.9970"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, labels: list[str]) -> None:
    assert [label for _, label in ticks(low, high)] == labels


@settings(deadline=None)
@given(st.floats(-1e4, 1e4), st.floats(1e-4, 1e4))
def test_there_are_always_a_few_different_ticks(low: float, width: float) -> None:
    found = ticks(low, low + width)
    rounding = 1e-9 * (abs(low) + width)
    assert 1 <= len(found) <= 5
    assert all(low - rounding <= value <= low + width + rounding for value, _ in found)
    assert len({label for _, label in found}) == len(found)
