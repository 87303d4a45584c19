"""The model is the mean of its members' predictions; here it is scored beside the members themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.metrics import Metric


def ensemble(members: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over members: `[M, n, C]` probabilities to `[n, C]`, or `[M, n]` values to `[n]`."""
    if members.ndim not in (2, 3) or len(members) == 0:
        raise ValueError(
            f"members' predictions have shape {members.shape}, must be [M, n, C] or [M, n] with M >= 1",
        )
    return np.asarray(np.mean(members, axis=0, dtype=np.float64))


def member_scores(metric: Metric, targets: NDArray[Any], members: NDArray[Any]) -> tuple[float, ...]:
    """The score of each member by itself on the same rows.

    For a convex loss (log loss, Brier, MSE) the ensemble's is at most their mean, by Jensen's inequality.
    """
    return tuple(metric.function(targets, predictions) for predictions in members)
