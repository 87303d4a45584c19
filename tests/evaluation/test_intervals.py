"""Intervals against published vectors, scipy and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from foldproof.evaluation.intervals import (
    bootstrap_interval,
    corrected_deviation,
    corrected_interval,
    spread,
    wilson,
)
from foldproof.metrics import METRICS

DIFFERENCES = (0.01, 0.02, -0.005, 0.015, 0.01)
SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=12)


def test_corrected_interval_of_the_worked_example() -> None:
    assert corrected_deviation(DIFFERENCES, 1 / 4) == pytest.approx(0.006275, abs=5e-7)
    found = corrected_interval(DIFFERENCES, 1 / 4, 0.95)
    assert (found.low, found.high) == pytest.approx((-0.00742, 0.02742), abs=5e-6)


@settings(deadline=None)
@given(SCORES, st.floats(0.5, 0.999))
def test_without_overlap_it_is_the_ordinary_t_interval(scores: list[float], confidence: float) -> None:
    if spread(scores) < 1e-9:
        return
    found = corrected_interval(scores, 0.0, confidence)
    expected = stats.ttest_1samp(scores, 0).confidence_interval(confidence)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(SCORES)
def test_overlap_widens_it(scores: list[float]) -> None:
    narrow, wide = (corrected_interval(scores, ratio, 0.95) for ratio in (0.0, 0.25))
    assert wide.high - wide.low >= narrow.high - narrow.low


def test_it_covers_what_it_promises_where_folds_overlap() -> None:
    """Means of overlapping samples: the naive interval misses far too often, the corrected one does not."""
    draws = np.random.Generator(np.random.Philox(1))
    covered = {0.0: 0, 0.25: 0}
    for _ in range(400):
        common = draws.normal(0, np.sqrt(0.2))  # correlation of two folds' scores, n_test / n
        scores = (common + draws.normal(0, np.sqrt(0.8), 5)).tolist()
        for ratio in covered:
            found = corrected_interval(scores, ratio, 0.95)
            covered[ratio] += found.low <= 0 <= found.high
    assert covered[0.0] / 400 < 0.89
    assert 0.93 <= covered[0.25] / 400 <= 0.97


def test_spread() -> None:
    assert spread([0.9, 0.8, 1.0]) == pytest.approx(0.1)
    assert spread([1 / 3] * 7) == 0.0
    assert spread([0.1 + 0.2, 0.3]) == 0.0  # equal but for rounding
    with pytest.raises(ValueError, match="two"):
        spread([0.9])


@pytest.mark.parametrize(("right", "rows"), [(36, 36), (0, 9), (1779, 1797), (7, 10)])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_wilson_equals_scipy(right: int, rows: int, confidence: float) -> None:
    found = wilson(right, rows, confidence)
    expected = stats.binomtest(right, rows).proportion_ci(confidence, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_published_cases() -> None:
    perfect, digits = wilson(36, 36, 0.95), wilson(1779, 1797, 0.95)
    assert (perfect.low, perfect.high) == pytest.approx((0.904, 1.0), abs=5e-4)
    assert (digits.low, digits.high) == pytest.approx((0.984, 0.994), abs=5e-4)
    with pytest.raises(ValueError, match="among 3"):
        wilson(4, 3, 0.95)


def test_bootstrap_equals_scipy() -> None:
    draws = np.random.Generator(np.random.Philox(2))
    targets = draws.normal(10, 3, 80)
    predictions = targets + draws.normal(0, 1, 80)
    found = bootstrap_interval(METRICS["mae"].of_draws, targets, predictions, 4000, 0.9, seed=3)
    assert found is not None
    errors = (np.abs(targets - predictions),)
    expected = stats.bootstrap(errors, np.mean, n_resamples=4000, confidence_level=0.9, method="percentile", rng=4)
    limits = expected.confidence_interval
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high), abs=0.015)
    assert found.method == "bootstrap over rows, 4000 draws"


def test_bootstrap_depends_on_its_seed_alone() -> None:
    draws = np.random.Generator(np.random.Philox(5))
    targets, predictions = draws.normal(size=30), draws.normal(size=30)
    score = METRICS["rmse"].of_draws
    first, again, other = (bootstrap_interval(score, targets, predictions, 100, 0.95, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_bootstrap_of_a_perfect_score_says_nothing() -> None:
    targets = np.arange(20.0)
    assert bootstrap_interval(METRICS["mae"].of_draws, targets, targets, 100, 0.95, 0) is None


@pytest.mark.parametrize("rows", [3, 30, 71])
@pytest.mark.parametrize("most_drawn", [1, 500, 2**18])
def test_bootstrap_scores_one_stream_of_draws_however_many_at_once(
    rows: int, most_drawn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = np.random.Generator(np.random.Philox(6))
    targets, predictions = draws.normal(size=rows), draws.normal(size=rows)
    monkeypatch.setattr("foldproof.evaluation.intervals.MOST_DRAWN", most_drawn)
    found = bootstrap_interval(METRICS["mae"].of_draws, targets, predictions, 105, 0.9, seed=9)
    stream = np.random.Generator(np.random.Philox(key=9))
    one_by_one = [stream.integers(0, rows, size=rows) for _ in range(105)]
    scores = [METRICS["mae"].function(targets[drawn], predictions[drawn]) for drawn in one_by_one]
    assert found is not None
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(scores, [0.05, 0.95])), rel=1e-12)


def test_bootstrap_of_groups_is_as_wide_as_the_theory_of_their_means_says() -> None:
    """All rows of a group are alike, so n rows in G groups tell as much as G rows; the groups lie scattered."""
    draws = np.random.Generator(np.random.Philox(5))
    of_group = draws.normal(size=200)
    groups = draws.permutation(np.repeat(np.arange(200), 10))
    targets = np.abs(of_group)[groups]
    found = bootstrap_interval(METRICS["mae"].of_draws, targets, np.zeros(2000), 2000, 0.95, 1, groups)
    alone = bootstrap_interval(METRICS["mae"].of_draws, targets, np.zeros(2000), 2000, 0.95, 1)
    assert found is not None
    assert alone is not None
    assert "groups" in found.method
    deviation = np.abs(of_group).std() / np.sqrt(200)
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.08)
    assert alone.high - alone.low == pytest.approx(2 * 1.96 * deviation / np.sqrt(10), rel=0.08)


def test_bootstrap_draws_whole_groups_of_unequal_size() -> None:
    groups = np.array([3, 3, 3, 7, 1, 1])
    seen: set[tuple[int, ...]] = set()

    def score(_targets: object, _predictions: object, rows: np.ndarray) -> np.ndarray:
        for draw in rows.tolist():
            counts = [draw.count(row) for row in range(6)]
            assert counts[0] == counts[1] == counts[2]
            assert counts[4] == counts[5]
            assert counts[0] + counts[3] + counts[4] == 3
            seen.add(tuple(counts))
        return np.asarray(rows.max(axis=1), dtype=np.float64)

    bootstrap_interval(score, np.zeros(6), np.zeros(6), 300, 0.95, 0, groups)
    assert len(seen) == 10  # multisets of three groups
