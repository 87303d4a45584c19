"""The ensemble's loss is at most the mean of its members': a theorem, so it holds for any members."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from foldproof.evaluation.ensembles import ensemble, member_scores
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
