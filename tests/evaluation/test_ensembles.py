"""The ensemble's loss is at most the mean of its members': a theorem, so it holds for any members."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from foldproof.evaluation.ensembles import ensemble, greedy_selection, member_scores
from foldproof.metrics import METRICS


def random_members(seed: int, members: int, rows: int, classes: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    draws = np.random.Generator(np.random.Philox(seed))
    scores = np.exp(3 * draws.normal(size=(members, rows, classes)))
    probabilities = (scores / scores.sum(axis=-1, keepdims=True)).astype(np.float32)
    return draws.integers(0, classes, rows), probabilities


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 20), st.integers(2, 6))
@pytest.mark.parametrize("name", ["log_loss", "brier"])
def test_convex_losses_do_not_grow(name: str, seed: int, members: int, rows: int, classes: int) -> None:
    targets, probabilities = random_members(seed, members, rows, classes)
    metric = METRICS[name]
    alone = member_scores(metric, targets, probabilities)
    assert metric.function(targets, ensemble(probabilities)) <= np.mean(alone) + 1e-7


@pytest.mark.parametrize("name", ["rmse", "mae"])
def test_the_same_for_values(name: str) -> None:
    draws = np.random.Generator(np.random.Philox(7))
    targets = draws.normal(size=50)
    members = targets + draws.normal(size=(5, 50))
    metric = METRICS[name]
    assert metric.function(targets, ensemble(members)) < np.mean(member_scores(metric, targets, members))


def test_one_member_is_its_own_ensemble() -> None:
    targets, probabilities = random_members(0, 1, 9, 3)
    np.testing.assert_array_equal(ensemble(probabilities), probabilities[0])
    assert member_scores(METRICS["accuracy"], targets, probabilities) == (
        METRICS["accuracy"].function(targets, probabilities[0]),
    )


def test_members_are_averaged_by_hand() -> None:
    members = np.array([[[0.2, 0.8], [0.6, 0.4]], [[0.4, 0.6], [1.0, 0.0]]])
    np.testing.assert_allclose(ensemble(members), [[0.3, 0.7], [0.8, 0.2]])
    with pytest.raises(ValueError, match=r"\[M, n, C\]"):
        ensemble(np.zeros(3))


def mean_of(candidates: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.average(candidates.astype(np.float64), axis=0, weights=counts))


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 20), st.integers(2, 5))
@pytest.mark.parametrize("name", ["accuracy", "log_loss"])
def test_greedy_selection_is_never_below_its_best_candidate(
    name: str, seed: int, count: int, rows: int, classes: int
) -> None:
    targets, candidates = random_members(seed, count, rows, classes)
    metric = METRICS[name]
    counts = greedy_selection(candidates, targets, metric, rounds=8)
    sign = 1 if metric.higher_is_better else -1
    best = max(sign * score for score in member_scores(metric, targets, candidates))
    assert counts.shape == (count,)
    assert counts.min() >= 0
    assert sign * metric.function(targets, mean_of(candidates, counts)) >= best - 1e-6
    chosen = candidates[counts > 0]
    log_loss = METRICS["log_loss"]
    alone = np.average(member_scores(log_loss, targets, chosen), weights=counts[counts > 0])
    assert log_loss.function(targets, mean_of(candidates, counts)) <= alone + 1e-6  # the theorem, weighted


def test_greedy_selection_by_hand() -> None:
    """Errors +1 and -2: one alone has MAE 1, two of the first to one of the second have none; the third only harms."""
    targets = np.zeros(6)
    candidates = np.stack([targets + 1, targets - 2, targets + 9])
    counts = greedy_selection(candidates, targets, METRICS["mae"])
    assert counts.tolist() == [2, 1, 0]


def test_greedy_selection_takes_the_best_alone_where_the_others_harm() -> None:
    targets = np.arange(5.0)
    candidates = np.stack([targets + 3, targets, targets + 1])
    assert greedy_selection(candidates, targets, METRICS["rmse"])[[0, 2]].sum() == 0
