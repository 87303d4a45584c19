"""Trials trained together are the trials trained alone; what may not train together is refused or kept apart."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from foldproof.config import Params
from foldproof.data.augmentation import AUGMENTATIONS
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError
from foldproof.training.events import EpochEnded, Event, MemberStopped
from foldproof.training.trials import MEMBERWISE, by_form, fit_trials, form_of, make_trials
from tests.training.setting import diabetes, digits, fit_together, params, split_of

ROWS = 150
# Two values of every key that trials which train together may differ in.
VALUES: dict[str, tuple[Any, Any]] = {
    "model.dropout": (0.1, 0.5),
    "model.initial_scale": (0.01, 0.1),
    "model.initializer": ("he", "lecun"),
    "model.residual.stochastic_depth": (0.2, 0.8),
    "train.averaging.ema.decay": (0.5, 0.9),
    "train.gradient_clip_norm": (0.1, 1.0),
    "train.gradient_clip_value": (0.001, 0.01),
    "train.label_smoothing": (0.05, 0.2),
    "train.loss.focal.gamma": (0.0, 3.0),
    "train.loss.huber.delta": (0.1, 1.0),
    "train.max_norm": (0.5, 1.0),
    "train.optimizer.head_rate_factor": (0.1, 10.0),
    "train.optimizer.learning_rate": (0.001, "auto"),
    "train.optimizer.weight_decay": (0.01, 0.1),
    "train.penalty.l1": (0.001, 0.01),
    "train.penalty.l2": (0.01, 0.1),
    "augment.noise": (0.5, 1.0),
    "augment.shift": (0.5, 1.0),
}
# What must be chosen for a key to count at all.
BESIDE: dict[str, dict[str, Any]] = {
    "model.initial_scale": {"model.initializer": "small_random"},
    "model.residual.stochastic_depth": {"model.name": "residual", "model.residual": {"channels": [4], "blocks": 1}},
    "train.averaging.ema.decay": {"train.averaging": {"name": "ema"}},
    "train.loss.focal.gamma": {"train.loss": {"name": "focal"}},
    "train.loss.huber.delta": {"train.loss": {"name": "huber"}},
}


def trial(**changes: Any) -> Params:
    """A small network; `changes` are dotted keys."""
    values: dict[str, Any] = {
        "split": {"folds": 2},
        "model": {"name": "mlp", "normalisation": "none", "mlp": {"hidden": [8]}},
        "train": {"epochs": 2, "batch_size": 16, "precision": "fp64", "optimizer": {"name": "sgd"}},
        "augment": {},
    }
    for path, value in changes.items():
        *sections, key = path.split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = value
    return params(**values)


def test_every_number_of_a_member_is_tried() -> None:
    """Strengths of augmentations are alike; two of them stand for all."""
    augmentations = {f"augment.{name}" for name in AUGMENTATIONS}
    assert augmentations < MEMBERWISE.keys()
    assert VALUES.keys() - augmentations == MEMBERWISE.keys() - augmentations


@pytest.mark.parametrize("key", VALUES)
def test_a_trial_in_company_is_the_trial_alone(key: str) -> None:
    dataset = diabetes(ROWS) if "huber" in key else digits(ROWS)
    trials = [trial(**BESIDE.get(key, {}), **{key: value}) for value in VALUES[key]]
    split = split_of(dataset, trials[0])
    statistics = fit_statistics(dataset, split, trials[0].preprocess)
    assert by_form(trials) == [[0, 1]]
    together = fit_trials(dataset, split, statistics, trials)
    for one, model in zip(trials, together, strict=True):
        alone = fit_together(dataset, split, one, range(len(split.members)))
        assert torch.allclose(model.matrix, alone.matrix, atol=1e-9)
        assert [member["best_epoch"] for member in model.members] == alone.best_epoch
    assert not torch.allclose(together[0].matrix, together[1].matrix, atol=1e-4)


def test_a_technique_that_is_off_is_another_form() -> None:
    off, weak, strong = (trial(**{"model.dropout": rate}) for rate in (0.0, 0.1, 0.5))
    assert by_form([off, weak, strong]) == [[0], [1, 2]]
    assert form_of(off) != form_of(weak) == form_of(strong)


@pytest.mark.parametrize("key", [key for key in VALUES if MEMBERWISE[key] is not None])
def test_every_number_that_can_be_off_is_another_form_there(key: str) -> None:
    off = None if MEMBERWISE[key] == "none" else MEMBERWISE[key]
    trials = [trial(**BESIDE.get(key, {}), **{key: value}) for value in (off, *VALUES[key])]
    assert by_form(trials) == [[0], [1, 2]]


def test_other_networks_and_optimizers_are_trained_apart() -> None:
    trials = [trial(), trial(**{"train.optimizer.name": "adam"}), trial(**{"model.activation": "tanh"}), trial()]
    assert by_form(trials) == [[0, 3], [1], [2]]
    dataset = digits(ROWS)
    split = split_of(dataset, trials[0])
    statistics = fit_statistics(dataset, split, trials[0].preprocess)
    with pytest.raises(ConfigError, match="legal beside trial 0: sgd") as refused:
        make_trials(dataset, split, statistics, trials)
    assert "trial 1: train.optimizer.name: found adam" in str(refused.value)
    assert "trial 2: model.activation: found tanh" in str(refused.value)


def test_members_know_their_trial_and_models_predict_what_was_held_out() -> None:
    told: list[Event] = []
    dataset = digits(ROWS)
    trials = [trial(**{"train.optimizer.learning_rate": rate}) for rate in (0.01, 0.1)]
    split = split_of(dataset, trials[0])
    models = fit_trials(
        dataset, split, fit_statistics(dataset, split, trials[0].preprocess), trials, sinks=[told.append]
    )
    [first, *_] = [event for event in told if isinstance(event, EpochEnded)]
    names = [f"trial {number} fold {fold}" for number in (0, 1) for fold in (0, 1)]
    assert [member.name for member in first.members] == names
    assert first.learning_rate == pytest.approx((0.01, 0.01, 0.1, 0.1))
    rows = np.stack([split.rows(index, Role.SCORED)[:10] for index in range(2)])
    assert models[1].predict_rows(dataset.features, rows).shape == (2, 10, 10)


def test_a_trial_that_diverges_stops_alone() -> None:
    """The losses of the first are not finite at once; the second is what it is by itself."""
    told: list[Event] = []
    dataset = digits(ROWS)
    trials = [trial(**{"train.optimizer.learning_rate": rate, "train.epochs": 4}) for rate in (1e30, 0.1)]
    split = split_of(dataset, trials[0])
    statistics = fit_statistics(dataset, split, trials[0].preprocess)
    wild, tame = fit_trials(dataset, split, statistics, trials, sinks=[told.append])
    alone = fit_together(dataset, split, trials[1], range(len(split.members)))
    assert torch.allclose(tame.matrix, alone.matrix, atol=1e-9)
    assert [(one["stopped"], one["best_epoch"], one["epochs"]) for one in wild.members] == [("diverged", -1, 0)] * 2
    assert torch.equal(wild.matrix, make_trials(dataset, split, statistics, trials[:1]).matrix.double())
    stopped = [(event.member.name, event.epoch, event.reason) for event in told if isinstance(event, MemberStopped)]
    assert stopped[:2] == [("trial 0 fold 0", 0, "diverged"), ("trial 0 fold 1", 0, "diverged")]
    assert stopped[2:] == [("trial 1 fold 0", 3, "last epoch"), ("trial 1 fold 1", 3, "last epoch")]


def test_the_population_may_be_changed_before_the_first_step() -> None:
    dataset = digits(ROWS)
    one = trial(**{"train.optimizer.learning_rate": 1e-30})
    split = split_of(dataset, one)
    statistics = fit_statistics(dataset, split, one.preprocess)
    plain = fit_trials(dataset, split, statistics, [one])
    [doubled] = fit_trials(
        dataset, split, statistics, [one], begin=lambda population: replace(population, matrix=2 * population.matrix)
    )
    assert torch.allclose(doubled.matrix, 2 * plain[0].matrix, atol=1e-20)
