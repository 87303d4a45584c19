"""Divergence is a factor over the first loss; a loss that cannot grow so far is judged by the way to its ceiling."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.training.divergence import diverged, divergence_limits, unusable
from foldproof.training.fault import Fault
from tests.training.setting import digits, fit_together, params, split_of


def limit(first: float, factor: float, ceiling: float) -> float:
    of_one = [torch.tensor([value], dtype=torch.float64) for value in (first, ceiling)]
    return divergence_limits(of_one[0], factor, of_one[1]).item()


@given(st.floats(1e-6, 1e6), st.floats(1.1, 100))
def test_without_a_ceiling_it_is_the_factor_itself(first: float, factor: float) -> None:
    assert limit(first, factor, torch.inf) == factor * first


@given(st.floats(0.01, 0.99), st.floats(1.1, 100), st.floats(0.1, 10))
def test_below_a_ceiling_the_odds_grow_by_the_factor(share: float, factor: float, ceiling: float) -> None:
    found = limit(share * ceiling, factor, ceiling)
    assert share * ceiling < found < ceiling
    assert found / (ceiling - found) == pytest.approx(factor * share / (1 - share))


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_a_network_that_is_sure_of_a_class_drawn_by_lot_is_at_or_over_the_limit_of_three(classes: int) -> None:
    """Brier's score over C: `(C - 1) / C^2` where all classes are alike, twice that where one of them is picked."""
    first = (classes - 1) / classes**2
    assert limit(first, 3, 2 / classes) <= 2 * first * (1 + 1e-12)


def test_a_loss_over_its_limit_or_not_finite_is_told_of_its_place_alone() -> None:
    why = Fault.likely("too_large_at_first")
    losses, limits = torch.tensor([1.0, 7.0, 6.0, torch.nan]), torch.tensor([6.0, 6.0, 6.0, 6.0])
    found = diverged(losses, limits, torch.tensor([2.0, 2.0, 2.0, 2.0]), torch.tensor([-1, -1, -1, 12]), 4, {3: why})
    assert {place: fault.told.partition(": ")[0] for place, fault in found.items()} == {
        1: "the training loss at the end of epoch 4 is 7, over the limit of 6 that train.divergence_factor sets for "
        "one of 2 before the first step",
        3: "the training loss is not finite from step 12 on (epoch 4)",
    }
    assert (found[1].cause, found[3].cause) == ("rate_too_high", "too_large_at_first")
    assert found[3].told.endswith(f": {why.told}")


def test_one_prediction_or_loss_that_is_not_finite_makes_weights_unusable() -> None:
    classes, values = torch.zeros(4, 5, 3), torch.zeros(4, 5)
    classes[1, 4, 2], values[2, 0] = torch.inf, torch.nan
    assert unusable(torch.tensor([1.0, 1.0, 1.0, torch.inf]), (classes, values), epoch=0).keys() == {1, 2, 3}


def blobs() -> Dataset:
    """Three classes, of which none is so frequent that to be sure of it would not be worse than to know nothing."""
    generator = np.random.Generator(np.random.Philox(2))
    targets = np.arange(240) % 3
    return describe("blobs", generator.normal(size=(240, 4)) + targets[:, None], targets, "classification")


@pytest.mark.parametrize("penalty", [{"l1": 0.003}, {"l2": 0.01}])
def test_a_penalty_is_not_taken_for_divergence_under_a_loss_with_a_ceiling(penalty: dict[str, float]) -> None:
    """What is minimised begins near or above the ceiling of its loss alone, and learns all the same."""
    dataset = digits()
    chosen: Any = params(
        split={"folds": 3},
        model={"name": "mlp", "mlp": {"hidden": [32]}, "dropout": 0},
        train={"epochs": 3, "batch_size": 16, "loss": "mse", "penalty": penalty},
    )
    split = split_of(dataset, chosen)
    kept = fit_together(dataset, split, chosen, (0, 1))
    assert kept.epochs == [3, 3]


@pytest.mark.parametrize("dataset", [digits(), blobs()], ids=lambda dataset: str(dataset.schema.name))
@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "focal", "mse"])
def test_a_rate_far_too_high_is_noticed_under_every_loss_of_classes(dataset: Dataset, loss: str) -> None:
    chosen: Any = params(
        split={"folds": 3},
        model={"name": "mlp", "mlp": {"hidden": [32]}, "normalisation": "none", "dropout": 0},
        train={"epochs": 12, "batch_size": 16, "loss": loss, "optimizer": {"name": "sgd", "learning_rate": 1e6}},
    )
    split = split_of(dataset, chosen)
    kept = fit_together(dataset, split, chosen, (0, 1, 2))
    told = [sentence for sentence in kept.told if sentence]
    assert len(told) == kept.stopped.count("diverged") > 0
    assert all("over the limit of" in sentence or "not finite" in sentence for sentence in told)
