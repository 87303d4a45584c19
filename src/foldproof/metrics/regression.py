"""Scores of predicted values. Targets and predictions are `[n]`, both in the target's own units."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def r2(targets: Array, predictions: Array) -> float:
    """Share of the targets' variance that is explained: `1 - sum (t - p)^2 / sum (t - mean t)^2`, at most 1.

    Where all targets are equal it is 1 if every prediction is right and 0 if not, as in scikit-learn.
    """
    actual, predicted = checked(targets, predictions)
    unexplained = float(np.sum((actual - predicted) ** 2))
    total = float(np.sum((actual - actual.mean()) ** 2))
    if total == 0.0:
        return 1.0 if unexplained == 0.0 else 0.0
    return 1.0 - unexplained / total


def rmse(targets: Array, predictions: Array) -> float:
    """Root of the mean squared error `sqrt(mean (t - p)^2)`, in the target's units, at least 0."""
    actual, predicted = checked(targets, predictions)
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


def mae(targets: Array, predictions: Array) -> float:
    """Mean absolute error `mean |t - p|`, in the target's units, at least 0."""
    actual, predicted = checked(targets, predictions)
    return float(np.mean(np.abs(actual - predicted)))


def checked(targets: Array, predictions: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 `[n]`; raises ValueError where shapes differ or a value is not finite."""
    if targets.ndim != 1 or targets.shape != predictions.shape:
        raise ValueError(
            f"targets have shape {targets.shape}, predictions {predictions.shape}; both must be [n]",
        )
    if len(targets) == 0:
        raise ValueError("no rows: a score needs at least one")
    actual, predicted = targets.astype(np.float64), predictions.astype(np.float64)
    if not (np.all(np.isfinite(actual)) and np.all(np.isfinite(predicted))):
        raise ValueError("targets and predictions must be finite")
    return actual, predicted
