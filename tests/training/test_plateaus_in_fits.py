"""Rates that fall on plateaus through the whole of a fit: each member's by its own losses, also when resumed."""

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from foldproof.training.events import EpochEnded, Event
from tests.training.setting import digits, fit_together, killed_and_resumed, params, split_of

RATE, FACTOR, SMALLEST = 2.0, 0.3, 0.05
MEMBERS = (0, 1, 2)
DATASET = digits(120)
JOB = params(
    split={"folds": 3, "inner_share": 0.2},
    model={"name": "mlp", "dropout": 0.2, "mlp": {"hidden": [8]}},
    train={
        "epochs": 14,
        "batch_size": 16,
        "precision": "fp64",
        "optimizer": {"name": "sgd", "learning_rate": RATE},
        "schedule": {"name": "plateau", "plateau": {"factor": FACTOR, "patience": 1, "smallest": SMALLEST}},
        "early_stopping": {"patience": 2},
        "divergence_factor": 1e9,
    },
)


def test_the_rate_of_each_member_is_torchs_by_its_own_losses() -> None:
    seen: list[Event] = []
    kept = fit_together(DATASET, split_of(DATASET, JOB), JOB, MEMBERS, [seen.append])
    ended = [event for event in seen if isinstance(event, EpochEnded)]
    assert len(set(kept.epochs)) > 1, "nobody was compacted away; the test would show less than it says"
    assert any(len(set(event.learning_rate)) > 1 for event in ended), "all rates fell together; it would show less"
    optimizers = {member: torch.optim.SGD([nn.Parameter(torch.zeros(1))], RATE) for member in ended[0].members}
    theirs = {
        member: ReduceLROnPlateau(one, factor=FACTOR, patience=0, threshold=0, min_lr=SMALLEST * RATE, eps=0)
        for member, one in optimizers.items()
    }
    for event in ended:
        for member, rate, loss in zip(event.members, event.learning_rate, event.inner_validation_loss, strict=True):
            assert rate == pytest.approx(optimizers[member].param_groups[0]["lr"], rel=1e-12)
            theirs[member].step(loss)


def test_killed_at_every_epoch_and_resumed_is_straight_through() -> None:
    split, told = split_of(DATASET, JOB), list[Event]()
    straight = fit_together(DATASET, split, JOB, MEMBERS, [told.append])
    rates = {rate for event in told if isinstance(event, EpochEnded) for rate in event.learning_rate}
    assert len(rates) > 1, "no rate fell; the test would show less than it says"
    resumed = killed_and_resumed(DATASET, split, JOB, MEMBERS)
    assert torch.equal(resumed.matrix, straight.matrix)
    assert resumed.facts() == straight.facts()
