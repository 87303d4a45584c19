"""Losses: a table `name -> {task: row}`. A member minimises a function of the (weighted) mean of its rows' losses."""

from collections.abc import Callable
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


def loss_for(train: Train, task: Task) -> LossRow:
    """The row that section `train` asks for; raises ConfigError with all that does not fit this task or this loss."""
    name = _name(train, task)
    legal = [loss for loss, tasks in LOSSES.items() if task in tasks]
    problems = []
    if name not in legal:
        problems.append(f"train.loss.name: found {name}, legal for {task}: {', '.join(legal)} or auto")
    elif train.label_smoothing and not LOSSES[name][task].smooths_labels:
        smoothing = [loss for loss in legal if LOSSES[loss][task].smooths_labels]
        others = f", or the loss {', '.join(smoothing)}" if smoothing else ""
        problems.append(f"train.label_smoothing: found {train.label_smoothing:g}, legal with {name}: 0{others}")
    if train.class_weights != "none" and task == "regression":
        problems.append(f"train.class_weights: found {train.class_weights}, legal for regression: none")
    if problems:
        raise ConfigError(*problems)
    return LOSSES[name][task]


def loss_settings(train: Train, task: Task) -> dict[str, float]:
    """The numbers that the chosen loss reads: `label_smoothing`, and its own block's keys as `<loss>_<key>`."""
    name = _name(train, task)
    block = getattr(train.loss, name, ())
    return {"label_smoothing": train.label_smoothing, **{f"{name}_{key}": float(value) for key, value in block}}


def weighted_mean(losses: Tensor, weights: Tensor | None) -> Tensor:
    """`sum w l / sum w` over rows: `[P, B]` to `[P]`, as torch's weighted cross-entropy has it; None: all alike."""
    return losses.mean(1) if weights is None else (losses * weights).sum(1) / weights.sum(1)


def _name(train: Train, task: Task) -> LossName:
    return DEFAULT_LOSS[task] if train.loss.name == "auto" else train.loss.name
