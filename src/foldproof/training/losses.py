"""Losses: a table `name -> {task: row}`. A member minimises a function of the (weighted) mean of its rows' losses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from torch import Tensor

from foldproof.config.loss import LossName
from foldproof.config.train import Train
from foldproof.data.schema import Task
from foldproof.errors import ConfigError
from foldproof.model.output_activations import OutputActivation
from foldproof.model.stacked import State
from foldproof.training.classification_losses import (
    binary_cross_entropy,
    cross_entropy,
    focal,
    squared_error_of_probabilities,
)
from foldproof.training.regression_losses import absolute_error, huber, root, squared_error

RowLosses = Callable[[Tensor, Tensor, State], Tensor]


def _unchanged(mean: Tensor) -> Tensor:
    return mean


def _unbounded(outputs: int) -> float:  # noqa: ARG001
    return inf


@dataclass(frozen=True)
class LossRow:
    """What a loss is of rows, what is made of their mean, and how its outputs are predictions."""

    of_rows: RowLosses  # outputs [P, B, K], targets [P, B], settings [P] -> [P, B]
    output_activation: OutputActivation
    of_mean: Callable[[Tensor], Tensor] = _unchanged  # [P] -> [P]
    smooths_labels: bool = False
    ceiling: Callable[[int], float] = _unbounded  # the largest loss there is, of a network with so many outputs


LOSSES: dict[LossName, dict[Task, LossRow]] = {
    "cross_entropy": {"classification": LossRow(cross_entropy, "softmax", smooths_labels=True)},
    "binary_cross_entropy": {"classification": LossRow(binary_cross_entropy, "sigmoid", smooths_labels=True)},
    "focal": {"classification": LossRow(focal, "softmax")},
    "mse": {
        "classification": LossRow(
            squared_error_of_probabilities, "softmax", smooths_labels=True, ceiling=lambda classes: 2 / classes
        ),
        "regression": LossRow(squared_error, "linear"),
    },
    "mae": {"regression": LossRow(absolute_error, "linear")},
    "rmse": {"regression": LossRow(squared_error, "linear", of_mean=root)},
    "huber": {"regression": LossRow(huber, "linear")},
}
DEFAULT_LOSS: dict[Task, LossName] = {"classification": "cross_entropy", "regression": "mse"}


def losses_for(train: Train, tasks: Sequence[Task]) -> tuple[LossRow, ...]:
    """The rows that section `train` asks for, of targets with these tasks; raises ConfigError with all that is unfit.

    A loss that is named is that of every target whose task has it; the others have their task's default.
    """
    different = tuple(dict.fromkeys(tasks))
    told = " and ".join(different)
    legal = [loss for loss, rows in LOSSES.items() if rows.keys() & set(tasks)]
    names = {task: _name(train, task) for task in different}
    problems = []
    if train.loss.name not in ("auto", *legal):
        problems.append(f"train.loss.name: found {train.loss.name}, legal for {told}: {', '.join(legal)} or auto")
    elif train.label_smoothing and not any(LOSSES[name][task].smooths_labels for task, name in names.items()):
        smoothing = [loss for loss in legal if any(row.smooths_labels for row in _rows(loss, different))]
        others = f", or the loss {', '.join(smoothing)}" if smoothing else ""
        found = f"train.label_smoothing: found {train.label_smoothing:g}"
        problems.append(f"{found}, legal with {', '.join(names.values())}: 0{others}")
    if train.class_weights != "none" and "classification" not in tasks:
        problems.append(f"train.class_weights: found {train.class_weights}, legal for regression: none")
    if problems:
        raise ConfigError(*problems)
    return tuple(LOSSES[names[task]][task] for task in tasks)


def loss_settings(train: Train, *tasks: Task) -> dict[str, float]:
    """The numbers that the chosen losses read: `label_smoothing`, and their own blocks' keys as `<loss>_<key>`."""
    found = {"label_smoothing": train.label_smoothing}
    for name in dict.fromkeys(_name(train, task) for task in tasks):
        found |= {f"{name}_{key}": float(value) for key, value in getattr(train.loss, name, ())}
    return found


def weighted_mean(losses: Tensor, weights: Tensor | None) -> Tensor:
    """`sum w l / sum w` over rows: `[P, B]` to `[P]`, as torch's weighted cross-entropy has it; None: all alike."""
    return losses.mean(1) if weights is None else (losses * weights).sum(1) / weights.sum(1)


def _name(train: Train, task: Task) -> LossName:
    name = train.loss.name
    return DEFAULT_LOSS[task] if name == "auto" or task not in LOSSES[name] else name


def _rows(name: LossName, tasks: Sequence[Task]) -> list[LossRow]:
    """What a loss is of those of the tasks that have it."""
    return [row for task, row in LOSSES[name].items() if task in tasks]
