"""Class weights: how much a row counts in the loss, by how rare its class is among a member's training rows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from foldproof.config.loss import ClassWeights

Weights = NDArray[np.float64]


def balanced(targets: NDArray[np.int64], classes: int) -> Weights:
    """`n / (C n_c)` for targets `[n]`, `[C]`, so that every class counts as much in all (scikit-learn's `balanced`).

    A class without a row among them, which only other rows can have, counts as one with a single row would.
    """
    counts = np.bincount(targets, minlength=classes)
    return np.asarray(len(targets) / (classes * np.maximum(counts, 1)))


CLASS_WEIGHTS: dict[ClassWeights, Callable[[NDArray[np.int64], int], Weights] | None] = {
    "none": None,
    "balanced": balanced,
}
