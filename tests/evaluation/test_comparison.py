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
    assume(abs(found.p_value - 0.05) > 1e-9)
    assert (found.verdict == "no evidence") == (found.low <= 0 <= found.high)


@pytest.mark.parametrize(("share", "verdict"), [(1.01, "better"), (0.99, "no evidence"), (-1.01, "worse")])
def test_the_smallest_detectable_gain_is_where_the_verdict_turns(share: float, verdict: str) -> None:
    found = against_zero(DIFFERENCES)
    moved = np.array(DIFFERENCES) - np.mean(DIFFERENCES) + share * found.smallest_detectable
    assert against_zero(moved.tolist()).verdict == verdict


def test_equal_differences_have_no_variance() -> None:
    same = against_zero([0.0] * 5)
    assert (same.p_value, same.verdict, same.smallest_detectable) == (1.0, "no evidence", 0.0)
    shifted = compare([0.96, 0.95, 0.97], [0.36, 0.35, 0.37], 0.5, 0.95, higher_is_better=True)
    assert (shifted.p_value, shifted.verdict) == (0.0, "better")
    assert shifted.low == shifted.high == pytest.approx(0.6)


def test_a_comparison_is_paired() -> None:
    with pytest.raises(ValueError, match="paired"):
        compare([0.9, 0.8], [0.9], 0.25, 0.95, higher_is_better=True)
    with pytest.raises(ValueError, match="two folds"):
        compare([0.9], [0.8], 0.25, 0.95, higher_is_better=True)
