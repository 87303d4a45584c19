"""The paired corrected test: the published vector, symmetry, direction, and what it says it can detect."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from foldproof.evaluation.comparison import Comparison, compare

DIFFERENCES = (0.01, 0.02, -0.005, 0.015, 0.01)
FIVE = st.lists(st.floats(0, 1), min_size=5, max_size=5)


def against_zero(differences: list[float] | tuple[float, ...], ratio: float = 0.25) -> Comparison:
    return compare(differences, [0.0] * len(differences), ratio, 0.95, higher_is_better=True)


def test_the_worked_example() -> None:
    found = against_zero(DIFFERENCES)
    assert found.p_value == pytest.approx(0.1862, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((-0.00742, 0.02742), abs=5e-6)
    assert found.verdict == "no evidence"
    assert found.smallest_detectable == pytest.approx(0.01742, abs=5e-6)


def test_without_correction_it_is_the_ordinary_paired_test() -> None:
    candidate, reference = [0.91, 0.93, 0.92, 0.95, 0.90], [0.9, 0.91, 0.925, 0.935, 0.89]
    found = compare(candidate, reference, 0.0, 0.95, higher_is_better=True)
    assert found.p_value == pytest.approx(float(stats.ttest_rel(candidate, reference).pvalue))
    assert found.p_value == pytest.approx(0.0751, abs=5e-5)


@settings(deadline=None)
@given(FIVE, FIVE)
def test_exchanging_the_two_turns_everything_round(one: list[float], other: list[float]) -> None:
    there, back = (compare(*pair, 0.25, 0.95, higher_is_better=True) for pair in ((one, other), (other, one)))
    assert there.difference == -back.difference
    assert (there.low, there.high) == (-back.high, -back.low)
    assert there.p_value == back.p_value
    assert {there.verdict, back.verdict} in ({"better", "worse"}, {"no evidence"})


@settings(deadline=None)
@given(FIVE, FIVE)
def test_where_lower_is_better_the_gain_turns_and_the_difference_stays(one: list[float], other: list[float]) -> None:
    up, down = (compare(one, other, 0.25, 0.95, higher_is_better=direction) for direction in (True, False))
    assert (up.difference, up.low, up.high) == (down.difference, down.low, down.high)
    assert up.gain == -down.gain
    assert {up.verdict, down.verdict} in ({"better", "worse"}, {"no evidence"})


@settings(deadline=None)
@given(FIVE, FIVE)
def test_the_verdict_is_whether_the_interval_holds_zero(one: list[float], other: list[float]) -> None:
    found = compare(one, other, 0.25, 0.95, higher_is_better=True)
    assume(found.smallest_detectable is not None)
    assume(abs(found.p_value - 0.05) > 1e-9)
    assert (found.verdict == "no evidence") == (found.low <= 0 <= found.high)


@pytest.mark.parametrize(("share", "verdict"), [(1.01, "better"), (0.99, "no evidence"), (-1.01, "worse")])
def test_the_smallest_detectable_gain_is_where_the_verdict_turns(share: float, verdict: str) -> None:
    found = against_zero(DIFFERENCES)
    assert found.smallest_detectable is not None
    moved = np.array(DIFFERENCES) - np.mean(DIFFERENCES) + share * found.smallest_detectable
    assert against_zero(moved.tolist()).verdict == verdict


def test_equal_differences_tell_nothing_of_chance() -> None:
    same = against_zero([0.0] * 5)
    assert (same.p_value, same.verdict, same.smallest_detectable) == (1.0, "no evidence", None)
    shifted = compare([0.96, 0.95, 0.97], [0.36, 0.35, 0.37], 0.5, 0.95, higher_is_better=True)
    assert (shifted.p_value, shifted.verdict, shifted.smallest_detectable) == (1.0, "no evidence", None)
    assert shifted.low == shifted.high == shifted.difference == pytest.approx(0.6)


@pytest.mark.parametrize(("gain", "verdict"), [(0.6, "better"), (-0.6, "worse"), (0.04, "no evidence")])
def test_equal_differences_of_shares_vary_by_a_row_at_least(gain: float, verdict: str) -> None:
    reference = [0.30, 0.32, 0.34]
    found = compare([one + gain for one in reference], reference, 0.5, 0.95, higher_is_better=True, resolution=0.02)
    deviation = 0.02 * np.sqrt(1 / 3 + 1 / 2)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(gain) / deviation, 2))
    assert found.smallest_detectable == pytest.approx(stats.t.ppf(0.975, 2) * deviation)
    assert (found.low, found.high) == pytest.approx((gain - 4.302653 * deviation, gain + 4.302653 * deviation))
    assert found.verdict == verdict


def test_differences_that_vary_more_than_a_row_are_left_as_they_are() -> None:
    plain = against_zero(DIFFERENCES)
    floored = compare(DIFFERENCES, [0.0] * 5, 0.25, 0.95, higher_is_better=True, resolution=0.009)
    assert np.std(DIFFERENCES, ddof=1) > 0.009
    assert floored == plain
    assert compare(DIFFERENCES, [0.0] * 5, 0.25, 0.95, higher_is_better=True, resolution=0.01).low < plain.low


@pytest.mark.parametrize("rows", [10, 20, 50])
@pytest.mark.parametrize("resolved", [True, False])
def test_two_equal_models_on_two_folds_are_seldom_told_apart(rows: int, resolved: bool) -> None:
    """Both are right on 9 rows of 10: on two small folds they often differ by the same count of rows, by luck."""
    draws = np.random.Generator(np.random.Philox(7))
    right = draws.binomial(rows, 0.9, size=(1500, 2, 2)) / rows
    resolution = 1 / rows if resolved else 0.0
    told = [
        compare(one, other, 1.0, 0.95, higher_is_better=True, resolution=resolution).verdict
        for one, other in right.tolist()
    ]
    assert len(told) - told.count("no evidence") < 0.06 * len(told)


def test_a_comparison_is_paired() -> None:
    with pytest.raises(ValueError, match="paired"):
        compare([0.9, 0.8], [0.9], 0.25, 0.95, higher_is_better=True)
    with pytest.raises(ValueError, match="two folds"):
        compare([0.9], [0.8], 0.25, 0.95, higher_is_better=True)
