"""Snapshots and early stopping: a member goes on until it has all of them."""

import pytest
import torch

from foldproof.config import Params
from foldproof.errors import ConfigError
from foldproof.training.exporting import snapshots_of
from foldproof.training.kept import Kept
from foldproof.training.members import make_recipe
from foldproof.training.snapshots import Snapshots
from foldproof.training.weights import Weights
from tests.training.setting import digits, fit_together, params, split_of

DATA = digits(240)


def job(keep: int) -> Params:
    """A patience of 1 at a rate that makes the loss jump."""
    return params(
        split={"folds": 3},
        model={"name": "mlp", "dropout": 0.0, "mlp": {"hidden": [12]}},
        train={
            "epochs": 12,
            "batch_size": 16,
            "optimizer": {"name": "sgd", "learning_rate": 2.0},
            "averaging": {"snapshots": {"every_epochs": 2, "keep": keep}},
            "early_stopping": {"patience": 1},
            "divergence_factor": 1e9,
        },
    )


def test_nobody_stops_before_all_snapshots_are_taken() -> None:
    split = split_of(DATA, job(5))
    kept = fit_together(DATA, split, job(5), (0, 1, 2))
    assert kept.snapshots is not None
    assert kept.snapshots.epochs.min() >= 0
    assert min(kept.epochs) >= 10
    impatient = fit_together(DATA, split, job(1), (0, 1, 2))
    assert min(impatient.epochs) < 10, "patience would not have ended it, so nothing was shown"


def test_a_cycle_that_outlasts_the_training_is_refused() -> None:
    train = params(train={"epochs": 8, "averaging": {"snapshots": {"every_epochs": 9}}}).train
    with pytest.raises(ConfigError, match=r"train\.averaging\.snapshots\.every_epochs: found 9, legal: null or 1 to 8"):
        make_recipe(DATA.schema.targets, train)


def test_a_snapshot_that_a_member_did_not_live_to_see_is_its_best_epoch() -> None:
    """The first member has both of its snapshots, the second one of them."""
    taken = Weights(torch.arange(8.0).reshape(2, 2, 2), {"mean": torch.arange(4.0).reshape(2, 2)})
    best = Weights(torch.full((2, 2), 100.0), {"mean": torch.full((2,), 50.0)})
    snapshots = Snapshots(taken, torch.tensor([[3, 5], [-1, 3]]))
    kept = Kept(best.matrix, best.buffers, [4, 2], [6, 4], snapshots=snapshots)
    found = snapshots_of(kept)
    assert found.weights.matrix.tolist() == [[0, 1], [2, 3], [100, 100], [6, 7]]
    assert found.weights.buffers["mean"].tolist() == [0, 1, 50, 3]
    assert found.told == [{"best_epoch": 4, "snapshots": [3, 5]}, {"best_epoch": 2, "snapshots": [2, 3]}]
