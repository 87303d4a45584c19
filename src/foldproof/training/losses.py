"""Losses a row: a table `name -> {task: function}`; the mean over a member's batch is what it minimises.

Each function takes outputs `[P, B, K]`, targets `[P, B]` and label smoothing `[P]`, and returns `[P, B]`.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from foldproof.config.train import LossName
from foldproof.data.dataset import Task
from foldproof.errors import ConfigError

RowLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


def cross_entropy(outputs: Tensor, targets: Tensor, smoothing: Tensor) -> Tensor:
    """`-sum_c q_c log softmax(o)_c` with `q = (1 - s) onehot + s / C` (natural logarithm)."""
    _check(outputs, targets)
    log_probabilities = outputs.log_softmax(-1)
    hit = log_probabilities.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    share = smoothing.unsqueeze(1)
    return -(1 - share) * hit - share * log_probabilities.mean(-1)


def squared_error_of_probabilities(outputs: Tensor, targets: Tensor, smoothing: Tensor) -> Tensor:
    """`sum_c (softmax(o)_c - q_c)^2 / C`, the Brier score over C; slower to learn by than cross-entropy."""
    _check(outputs, targets)
    classes = outputs.shape[-1]
    share = smoothing.reshape(-1, 1, 1)
    wanted = (1 - share) * F.one_hot(targets, classes).to(outputs.dtype) + share / classes
    return (outputs.softmax(-1) - wanted).square().mean(-1)


def squared_error(outputs: Tensor, targets: Tensor, smoothing: Tensor) -> Tensor:  # noqa: ARG001
    """`(o - t)^2`, of targets centred and scaled by the member's statistics."""
    if outputs.shape != (*targets.shape, 1):
        raise ValueError(f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)} do not fit")
    return (outputs.squeeze(-1) - targets).square()


LOSSES: dict[LossName, dict[Task, RowLoss]] = {
    "cross_entropy": {"classification": cross_entropy},
    "mse": {"classification": squared_error_of_probabilities, "regression": squared_error},
}
DEFAULT_LOSS: dict[Task, LossName] = {"classification": "cross_entropy", "regression": "mse"}


def loss_for(name: LossName | str, task: Task) -> RowLoss:
    """The row of the table for this task; `auto` is cross-entropy for classes and squared error for numbers."""
    chosen = DEFAULT_LOSS[task] if name == "auto" else name
    rows = LOSSES[chosen]  # type: ignore[index]
    if task not in rows:
        legal = ", ".join(loss for loss, tasks in LOSSES.items() if task in tasks)
        raise ConfigError(f"train.loss: found {name!r}, legal for {task}: {legal} or auto")
    return rows[task]


def _check(outputs: Tensor, targets: Tensor) -> None:
    if outputs.dim() != 3 or outputs.shape[:2] != targets.shape or targets.dtype != torch.int64:
        raise ValueError(
            f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)} {targets.dtype} do not fit; "
            "expected [P, B, C] and [P, B] int64"
        )
