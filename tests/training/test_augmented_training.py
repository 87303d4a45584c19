"""Training rows alone are augmented: whatever is on, the others are judged as they are; mixed targets in the loss."""

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from foldproof import randomness
from foldproof.config.customary import Kind
from foldproof.data.augmentation import AUGMENTATIONS, augment, measured, mix
from foldproof.data.augmentation.measures import MEASURES
from foldproof.data.batches import epoch_batches
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import Inputs, normalise
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.model.build import build
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.events import EpochEnded, Event
from foldproof.training.members import key_of_member, make_data, make_population
from tests.data.augmented import dataset_of, kind_of, usual
from tests.training.setting import digits, fit_together, params, split_of

STILL: dict[str, Any] = {"name": "sgd", "learning_rate": 1e-12}  # weights stay where they begin


def whole(name: str) -> float:
    """The name's usual strength, as params have it."""
    value = usual(name)
    return int(value) if value == 2 else value


def trained(kind: Kind, augmentation: dict[str, float]) -> tuple[Trained, list[EpochEnded]]:
    """All folds of small data, whose weights do not move, and what was told of its one epoch."""
    dataset = dataset_of(kind)
    chosen = params(
        split={"folds": 2},
        augment=augmentation,
        model={"name": "linear"},
        train={"epochs": 1, "batch_size": 8, "precision": "fp64", "optimizer": STILL, "threads": 1},
    )
    split, told = split_of(dataset, chosen), list[Event]()
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    found = train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment, [told.append])
    return found, [event for event in told if isinstance(event, EpochEnded)]


@pytest.fixture(scope="module")
def as_they_are() -> dict[Kind, tuple[Trained, list[EpochEnded]]]:
    return {kind: trained(kind, {}) for kind in get_args(Kind)}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_inner_validation_and_scored_and_test_rows_are_never_augmented(
    name: str, as_they_are: dict[Kind, tuple[Trained, list[EpochEnded]]]
) -> None:
    kind = kind_of(name)
    plain, told_plainly = as_they_are[kind]
    changed, told = trained(kind, {name: whole(name)})
    for one, other in zip(told, told_plainly, strict=True):
        assert one.inner_validation_loss == pytest.approx(other.inner_validation_loss, rel=1e-9)
        assert one.inner_validation_score == other.inner_validation_score
        assert one.training_loss != pytest.approx(other.training_loss, rel=1e-6), "training rows were not changed"
    for mine, theirs in zip(changed.out_of_fold, plain.out_of_fold, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)
    dataset = dataset_of(kind)
    for mine, theirs in zip(*(one.model.predict_members(dataset.features) for one in (changed, plain)), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


LEARNT = MEASURES.keys() - {"beyond"}  # how many values a column has is a fact of the data, as its name is


@pytest.mark.parametrize("name", [name for name, row in AUGMENTATIONS.items() if LEARNT & set(row.measures)])
def test_augmentation_knows_a_members_own_training_rows_alone(name: str) -> None:
    dataset = dataset_of(kind_of(name))
    chosen = params(split={"folds": 2}, augment={name: whole(name)}, model={"name": "linear"}, train={"batch_size": 8})
    split = split_of(dataset, chosen)
    features = np.array(dataset.features)
    features[np.setdiff1d(np.arange(len(features)), split.rows(0, Role.TRAINING))] *= -100

    def known(data: Dataset) -> list[torch.Tensor]:
        statistics = fit_statistics(data, split, chosen.preprocess)
        population = make_population(data, split, statistics, chosen.model, chosen.train, chosen.augment)
        return [population.statistics[measure] for measure in AUGMENTATIONS[name].measures]

    for clean, garbage in zip(known(dataset), known(replace(dataset, features=features)), strict=True):
        assert torch.equal(clean[0], garbage[0])
        assert not torch.equal(clean[1], garbage[1])


def test_the_training_loss_is_that_of_mixed_targets() -> None:
    """A plain module on rows mixed by the same draws, torch's cross-entropy with shares of the classes, smoothed."""
    dataset = digits(120)
    chosen = params(
        split={"folds": 2},
        augment={"brightness": 0.4, "mixup": 0.4, "cutmix": 1.0},
        model={"name": "mlp", "dropout": 0.3, "mlp": {"hidden": [8]}},
        train={"epochs": 1, "batch_size": 16, "precision": "fp64", "label_smoothing": 0.1, "optimizer": STILL},
    )
    split, seen = split_of(dataset, chosen), list[Event]()
    fit_together(dataset, split, chosen, (0, 1), [seen.append])
    told = next(event.training_loss for event in seen if isinstance(event, EpochEnded))
    statistics, steps = fit_statistics(dataset, split, chosen.preprocess), split.steps_per_epoch(16)
    strength = {name: torch.tensor([value]).double() for name, value in chosen.augment if value}
    for member in (0, 1):
        key = key_of_member(split.members[member])[None]
        network = build(chosen.model, Inputs(dataset.schema.shape), 10, key[0]).double()
        training = [split.rows(member, Role.TRAINING)]
        measures = {name: torch.from_numpy(value) for name, value in measured(strength, dataset, training).items()}
        data = make_data(dataset, split, (member,), 16, steps)
        losses = []
        for step, index in enumerate(epoch_batches(data.training, data.keys, 0, 16, steps)):
            now = randomness.fold_in(key, step)
            rows = augment(torch.from_numpy(dataset.features)[index].double(), strength, now, measures)
            rows, mixed = mix(rows, strength, now)
            assert mixed is not None
            center, scale = (
                torch.from_numpy(array[[member]]) for array in (statistics.learnt["center"], statistics.learnt["scale"])
            )
            onehot = F.one_hot(torch.from_numpy(dataset.targets)[index[0]], 10).double()
            share = mixed.share[0, :, None]
            wanted = share * onehot + (1 - share) * onehot[mixed.partner[0]]
            with randomness.drawing(now[0]):
                outputs = network(normalise(rows, center, scale)[0])
            losses.append(F.cross_entropy(outputs, wanted, label_smoothing=0.1).item())
        assert told[member] == pytest.approx(np.mean(losses), rel=1e-8)
