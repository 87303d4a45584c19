"""Scores of class probabilities. Targets are class indices `[n]`, predictions are probabilities `[n, C]`.

Shapes are checked and never broadcast; a row of probabilities must be finite, in [0, 1] and sum to 1 within
0.01 (bfloat16 keeps eight bits). The predicted class is the most probable one, the first of them at a tie.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


def accuracy(targets: Array, predictions: Array) -> float:
    """Share of rows whose most probable class is the target: `mean(argmax p == t)`, in [0, 1]."""
    classes, probabilities = checked(targets, predictions)
    return float(np.mean(probabilities.argmax(axis=1) == classes))


def balanced_accuracy(targets: Array, predictions: Array) -> float:
    """Mean recall: the share of its rows found, over the classes that occur among the targets; in [0, 1]."""
    counts = _confusion(targets, predictions)
    actual = counts.sum(axis=1)
    occurring = actual > 0
    return float(np.mean(np.diag(counts)[occurring] / actual[occurring]))


def macro_f1(targets: Array, predictions: Array) -> float:
    """Mean of `F1 = 2 TP / (2 TP + FP + FN)` over the classes that occur as either; in [0, 1]."""
    counts = _confusion(targets, predictions)
    found = np.diag(counts)
    involved = counts.sum(axis=0) + counts.sum(axis=1)  # 2 TP + FP + FN
    return float(np.mean(2 * found[involved > 0] / involved[involved > 0]))


def log_loss(targets: Array, predictions: Array) -> float:
    """Cross-entropy `-mean(ln p[t])` in nats, at least 0; p is kept above 2.2e-16, so no row is infinite."""
    return float(np.mean(log_losses(targets, predictions)))


def log_losses(targets: Array, predictions: Array) -> NDArray[np.float64]:
    """`-ln p[t]` of each row `[n]`."""
    classes, probabilities = checked(targets, predictions)
    of_target = probabilities[np.arange(len(classes)), classes]
    return np.asarray(-np.log(np.clip(of_target, SMALLEST_PROBABILITY, 1.0)))


def brier(targets: Array, predictions: Array) -> float:
    """Brier's (1950) `mean(sum_c (p_c - [t = c])^2)`, in [0, 2]; with two classes twice the usual form."""
    return float(np.mean(squared_errors(targets, predictions)))


def squared_errors(targets: Array, predictions: Array) -> NDArray[np.float64]:
    """`sum_c (p_c - [t = c])^2` of each row `[n]`."""
    classes, probabilities = checked(targets, predictions)
    errors = probabilities.copy()
    errors[np.arange(len(classes)), classes] -= 1.0
    return np.asarray(np.sum(errors**2, axis=1))


def checked(targets: Array, predictions: Array) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Targets as int64 `[n]`, probabilities as float64 `[n, C]`; raises ValueError where they do not fit."""
    if predictions.ndim != 2 or targets.ndim != 1 or len(targets) != len(predictions):
        raise ValueError(
            f"targets have shape {targets.shape} and predictions {predictions.shape}, "
            "must be [n] (class indices) and [n, C] (probabilities)"
        )
    if len(targets) == 0:
        raise ValueError("no rows: a score needs at least one")
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"targets have type {targets.dtype}, must be class indices (integers)")
    classes, probabilities = targets.astype(np.int64), predictions.astype(np.float64)
    if classes.min() < 0 or classes.max() >= probabilities.shape[1]:
        raise ValueError(
            f"targets lie in {classes.min()}..{classes.max()}, legal: 0..{probabilities.shape[1] - 1}",
        )
    lawful = np.all(probabilities >= 0) and np.all(np.abs(probabilities.sum(axis=1) - 1.0) <= 0.01)
    if not lawful:  # NaN fails the comparison too
        raise ValueError("predictions must be probabilities: finite, at least 0, each row with sum 1")
    return classes, probabilities


def _confusion(targets: Array, predictions: Array) -> NDArray[np.int64]:
    """Counts `[C, C]`, actual class by predicted class."""
    classes, probabilities = checked(targets, predictions)
    return confusion_counts(classes, probabilities.argmax(axis=1), probabilities.shape[1])


def confusion_counts(actual: Array, predicted: Array, classes: int) -> NDArray[np.int64]:
    """Counts `[C, C]` of the pairs (actual `[n]`, predicted `[n]`), both class indices below `classes`."""
    pairs = actual.astype(np.int64) * classes + predicted.astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)
