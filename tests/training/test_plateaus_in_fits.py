"""Rates that fall on plateaus through the whole of a fit: each member's by its own losses, also when resumed."""

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from foldproof.data.splits import Member
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
    assert len(set(kept.epochs)) > 1, "nobody was compacted away; the test would show less than it says"
    optimizers: dict[Member, torch.optim.Optimizer] = {}
    theirs: dict[Member, ReduceLROnPlateau] = {}
    for event in seen:
        if not isinstance(event, EpochEnded):
            continue
        for member, rate, loss in zip(event.members, event.learning_rate, event.inner_validation_loss, strict=True):
            if event.epoch == 0:
                optimizer = optimizers[member] = torch.optim.SGD([nn.Parameter(torch.zeros(1))], RATE)
                theirs[member] = ReduceLROnPlateau(
                    optimizer, factor=FACTOR, patience=0, threshold=0, min_lr=SMALLEST * RATE, eps=0
                )
            assert rate == pytest.approx(optimizers[member].param_groups[0]["lr"], rel=1e-12)
            theirs[member].step(loss)
    last = [optimizer.param_groups[0]["lr"] for optimizer in optimizers.values()]
    assert min(last) < max(last) <= RATE


def test_killed_at_every_epoch_and_resumed_is_straight_through() -> None:
    split, told = split_of(DATASET, JOB), list[Event]()
    straight = fit_together(DATASET, split, JOB, MEMBERS, [told.append])
    rates = {rate for event in told if isinstance(event, EpochEnded) for rate in event.learning_rate}
    assert len(rates) > 1, "no rate fell; the test would show less than it says"
    resumed = killed_and_resumed(DATASET, split, JOB, MEMBERS)
    assert torch.equal(resumed.matrix, straight.matrix)
    assert resumed.facts() == straight.facts()
