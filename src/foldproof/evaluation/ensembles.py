"""Means of predictions: of a model's members, scored beside them, and of candidates that a greedy search chooses."""

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


def greedy_selection(
    candidates: NDArray[Any], targets: NDArray[Any], metric: Metric, rounds: int = 50, first: int = 5
) -> NDArray[np.int64]:
    """How often each candidate is in the mean that scores best, `[K]` (Caruana et al., "Ensemble Selection", 2004).

    It begins with the mean of the best few, as many of at most `first` as score best together, and adds, `rounds` times
    and with replacement, the candidate that helps most; the best mean on the way is what counts. So it never scores
    below the best candidate on the rows that it is given, which therefore cannot judge it: others must.

    Args:
        candidates: predictions `[K, n, C]` or `[K, n]`, of snapshots or of configurations, on rows that none saw.
        targets: of these rows, `[n]`.
        metric: what is made as good as possible.
        rounds: how many are added.
        first: the largest mean to begin with.
    """
    sign = 1 if metric.higher_is_better else -1

    def score(total: NDArray[np.float64], size: int) -> float:
        return sign * metric.function(targets, total / size)

    exact = candidates.astype(np.float64)
    order = sorted(range(len(exact)), key=lambda one: -score(exact[one], 1))[:first]
    totals = np.cumsum(exact[order], axis=0)
    size = 1 + int(np.argmax([score(total, number) for number, total in enumerate(totals, start=1)]))
    counts = np.bincount(order[:size], minlength=len(exact))
    total, best, chosen = totals[size - 1], score(totals[size - 1], size), counts
    for _ in range(rounds):
        size += 1
        scores = [score(total + one, size) for one in exact]
        helps_most = int(np.argmax(scores))
        total = total + exact[helps_most]
        counts = counts + np.eye(len(exact), dtype=np.int64)[helps_most]
        if scores[helps_most] > best:
            best, chosen = scores[helps_most], counts
    return np.asarray(chosen, dtype=np.int64)
