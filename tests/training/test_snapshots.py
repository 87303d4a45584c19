"""Snapshots and early stopping: a member goes on until it has all of them."""

import pytest

from foldproof.config import Params
from foldproof.errors import ConfigError
from foldproof.training.members import make_recipe
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
