"""What a step computes and what an evaluation computes, against a plain module in a loop that anyone could write."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import log_loss
from torch import nn

from foldproof import randomness
from foldproof.config import Params
from foldproof.data.augmentation import augment
from foldproof.data.batches import epoch_batches
from foldproof.data.preprocessing import Inputs
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.model.build import build
from foldproof.training.events import EpochEnded, Event
from foldproof.training.members import key_of_member, make_data, make_population
from tests.training.setting import digits, fit_together, params, split_of

DATASET = digits(150)
EPOCHS = 3


def job(**optimizer: Any) -> Params:
    """Noise, dropout, smoothing and batch normalisation on, so that none of them can hide."""
    return params(
        split={"folds": 3, "inner_share": 0.2},
        augment={"noise": 3.0},
        model={"dropout": 0.3, "cnn": {"channels": [4], "hidden": 8}},
        train={
            "epochs": EPOCHS,
            "batch_size": 16,
            "label_smoothing": 0.2,
            "optimizer": optimizer,
            "precision": "fp64",
            "early_stopping": {"patience": EPOCHS},
        },
    )


def network_of(chosen: Params, member: int) -> nn.Module:
    key = key_of_member(split_of(DATASET, chosen).members[member])
    return build(chosen.model, Inputs(DATASET.schema.shape), 10, key).double()


def as_they_are(chosen: Params, member: int, rows: torch.Tensor) -> torch.Tensor:
    """Raw rows, normalised by numpy's mean and deviation of the member's training rows."""
    training = np.asarray(DATASET.features)[split_of(DATASET, chosen).rows(member, Role.TRAINING)].astype(np.float64)
    deviation = training.std(0)
    return (rows - torch.from_numpy(training.mean(0))) / torch.from_numpy(np.where(deviation == 0, 1, deviation))


def test_every_step_draws_and_augments_anew() -> None:
    """With a learning rate of next to nothing the losses are those of the initial weights, under each step's draws."""
    chosen = job(name="sgd", learning_rate=1e-12)
    split = split_of(DATASET, chosen)
    seen: list[Event] = []
    fit_together(DATASET, split, chosen, (0, 1), [seen.append])
    told = [event.training_loss for event in seen if isinstance(event, EpochEnded)]
    steps = split.steps_per_epoch(16)
    for member in (0, 1):
        network, data = network_of(chosen, member), make_data(DATASET, split, (member,), 16, steps)
        for epoch in range(EPOCHS):
            losses = []
            for step, index in enumerate(epoch_batches(data.training, data.keys, epoch, 16, steps)):
                now = randomness.fold_in(data.keys, epoch * steps + step)
                raw = torch.from_numpy(DATASET.features)[index].double()
                noisy = augment(raw, {"noise": torch.tensor([3.0], dtype=torch.float64)}, now, {})[0]
                with randomness.drawing(now[0]):
                    outputs = network(as_they_are(chosen, member, noisy))
                targets = torch.from_numpy(DATASET.targets)[index[0]]
                losses.append(F.cross_entropy(outputs, targets, label_smoothing=0.2).item())
            assert told[epoch][member] == pytest.approx(np.mean(losses), rel=1e-8)


def test_the_inner_validation_loss_is_that_of_the_kept_weights_on_rows_as_they_are() -> None:
    """No augmentation, no dropout, no smoothing, each row once, and the running averages of the member itself."""
    chosen = job(learning_rate=0.01)
    split = split_of(DATASET, chosen)
    inner = [split.rows(member, Role.INNER_VALIDATION) for member in range(3)]
    assert len(set(map(len, inner))) > 1, "nothing is padded; the test would show less than it says"
    seen: list[Event] = []
    kept = fit_together(DATASET, split, chosen, (0, 1, 2), [seen.append])
    told = [event.inner_validation_loss for event in seen if isinstance(event, EpochEnded)]
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    population = make_population(DATASET, split, statistics, chosen.model, chosen.train, chosen.augment)
    parameters = population.network.layout.unfold(kept.matrix)
    for member, rows in enumerate(inner):
        network = network_of(chosen, member).eval()
        mine = {name: value[member] for name, value in (parameters | kept.buffers).items()}
        network.load_state_dict({name: mine[name] for name in network.state_dict()})
        with torch.no_grad():
            outputs = network(as_they_are(chosen, member, torch.from_numpy(DATASET.features)[rows].double()))
        wanted = log_loss(DATASET.targets[rows], outputs.softmax(-1).numpy(), labels=range(10))
        assert told[kept.best_epoch[member]][member] == pytest.approx(wanted, rel=1e-8)
