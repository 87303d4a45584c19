"""Trials trained on the folds of one split: their curves, their models, what those score."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from foldproof.config import Params
from foldproof.data.batches import RowTable
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source
from foldproof.data.splits import Role, Split, make_split
from foldproof.data.statistics import Statistics, fit_statistics
from foldproof.metrics import METRICS
from foldproof.model.exported import ExportedModel
from foldproof.training.events import EpochEnded, Event
from foldproof.training.population import Population
from foldproof.training.trials import TrialMember, by_form, fit_trials

Floats = NDArray[np.float64]


class Rows(NamedTuple):
    """The rows of a study, dealt into folds, and what preprocessing learnt of each fold's training rows."""

    dataset: Dataset
    split: Split
    statistics: Statistics

    @classmethod
    def of(cls, params: Params) -> "Rows":
        """The rows that sections `data`, `split` and `preprocess` describe."""
        dataset = load_source(params.data)
        split = make_split(dataset, params.split, params.seed)
        return cls(dataset, split, fit_statistics(dataset, split, params.preprocess))


@dataclass(frozen=True)
class Trained:
    """A trial after training: losses and learning rates of its folds in every epoch, `[F, E]`, and its model."""

    trial: Params
    rows: Rows
    training_loss: Floats  # mean over an epoch's steps
    inner_validation_loss: Floats  # at an epoch's end
    learning_rate: Floats  # of an epoch's last step
    model: ExportedModel  # each fold's weights of its best epoch, by inner-validation loss

    @cached_property
    def best_loss(self) -> float:
        """The lowest inner-validation loss, mean over folds; infinite where a fold diverged."""
        finished = np.isfinite(self.inner_validation_loss).all()
        return float(self.inner_validation_loss.min(axis=1).mean()) if finished else math.inf

    def score(self, metric: str, role: Role = Role.SCORED) -> Floats:
        """The metric of each fold's network on its rows of a role, `[F]`."""
        split, dataset = self.rows.split, self.rows.dataset
        table = RowTable.of([split.rows(fold, role) for fold in range(len(split.members))])
        predicted = self.model.predict_rows(dataset.features, table.rows.numpy())
        return np.array(
            [
                METRICS[metric].function(np.asarray(dataset.targets[rows[weight > 0]]), probabilities[weight > 0])
                for rows, weight, probabilities in zip(table.rows.numpy(), table.weight.numpy(), predicted, strict=True)
            ]
        )


def train(rows: Rows, trials: Sequence[Params], scales: Sequence[float] | None = None) -> list[Trained]:
    """Train all trials, those of one form as one population; in the order of `trials`.

    `scales` multiply each trial's initial weights (not biases, which begin at zero, nor normalisations).
    """
    found: dict[int, Trained] = {}
    for numbers in by_form(trials):
        group = [trials[number] for number in numbers]
        factors = [1.0 if scales is None else scales[number] for number in numbers]
        curves = _Curves(len(group), len(rows.split.members), group[0].train.epochs)
        models = fit_trials(*rows, group, [curves], partial(scaled, scales=factors))
        for place, number in enumerate(numbers):
            training, inner_validation, rate = curves.figures[:, place]
            found[number] = Trained(trials[number], rows, training, inner_validation, rate, models[place])
    return [found[number] for number in range(len(trials))]


def scaled(population: Population, scales: Sequence[float]) -> Population:
    """The population with the weights of its trials, in order, times their scales."""
    members = len(population.members) // len(scales)
    factor = torch.tensor(scales, dtype=population.matrix.dtype).repeat_interleave(members).unsqueeze(1)
    weights = population.network.layout.weights_only().bool()
    return replace(population, matrix=torch.where(weights, factor * population.matrix, population.matrix))


def best(results: Iterable[Trained]) -> Trained:
    """The trial of the lowest inner-validation loss, mean over folds; no scored fold takes part in the choice."""
    return min(results, key=lambda one: one.best_loss)


class _Curves:
    """A sink that keeps what an epoch's end tells, `[3, T, F, E]`; a fold that has stopped stays NaN."""

    def __init__(self, trials: int, folds: int, epochs: int) -> None:
        self.figures = np.full((3, trials, folds, epochs), np.nan)

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            columns = (event.training_loss, event.inner_validation_loss, event.learning_rate)
            for member, *figures in zip(event.members, *columns, strict=True):
                assert isinstance(member, TrialMember)
                self.figures[:, member.trial, member.fold, event.epoch] = figures
