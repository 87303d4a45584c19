"""Whether a predicted probability means what it says: of the rows predicted with 80 %, are 80 % right?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows whose highest probability lies in (low, high]: how many, its mean, and the share right."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """The bins that hold rows, and the expected calibration error, in [0, 1]."""

    bins: tuple[ReliabilityBin, ...]
    expected_error: float


def calibrate(targets: NDArray[Any], probabilities: NDArray[Any], bins: int = 10) -> Calibration:
    """Sort rows by their highest probability into `bins` of equal width (Guo et al., 2017).

    The expected calibration error is `sum_b n_b/n |accuracy_b - confidence_b|`. Targets are class indices
    `[n]`, probabilities `[n, C]`.
    """
    if probabilities.ndim != 2 or targets.shape != probabilities.shape[:1] or len(targets) == 0:
        raise ValueError(
            f"targets have shape {targets.shape}, probabilities {probabilities.shape}; [n], [n, C] needed",
        )
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == targets
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    found = tuple(
        ReliabilityBin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            rows=int(inside.sum()),
            confidence=float(confidence[inside].mean()),
            accuracy=float(right[inside].mean()),
        )
        for index in range(bins)
        if (inside := place == index).any()
    )
    error = sum(one.rows * abs(one.accuracy - one.confidence) for one in found) / len(targets)
    return Calibration(found, float(error))
