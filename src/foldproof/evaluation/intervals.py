"""How far a score can be trusted: spread over folds, corrected k-fold interval, Wilson's, bootstrap.

Folds share most of their training rows, so their scores are not independent and the naive `s / sqrt(m)` is
too small. Nadeau and Bengio ("Inference for the Generalization Error", 2003) add the ratio of scored to
training rows to `1 / m`; Bouckaert and Frank (2004) carry it to repeated k-fold. The standard deviation
over folds is called *spread*, never standard error: no unbiased estimator of the variance of k-fold exists
(Bengio and Grandvalet, 2004).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.metrics.table import ScoreOfDraws

MOST_DRAWN = 2**18  # rows of all the draws that are scored at once: a few MB, whatever the size of the test set


@dataclass(frozen=True)
class Interval:
    """`low` to `high`, in the units of the score, and how it was found."""

    low: float
    high: float
    method: str


def spread(scores: Sequence[float]) -> float:
    """Standard deviation of the scores over folds (ddof 1); at least two are needed."""
    if len(scores) < 2:
        raise ValueError(f"{len(scores)} score: a spread needs at least two folds")
    deviation = float(np.std(np.asarray(scores, dtype=np.float64), ddof=1))
    largest = max(abs(score) for score in scores)
    return deviation if deviation > 1e-12 * largest else 0.0  # equal scores differ by rounding at most


def corrected_deviation(scores: Sequence[float], test_to_training: float, resolution: float = 0.0) -> float:
    """`sqrt((1/m + n_test/n_train) s^2)` of m scores; `test_to_training` is 1/(k-1) for k equal folds.

    `s` is taken to be `resolution` at least, the step in which the scores can differ.
    """
    return sqrt(1 / len(scores) + test_to_training) * max(spread(scores), resolution)


def critical_t(scores: int, confidence: float) -> float:
    """The quantile of Student's t, two-sided, with `scores - 1` degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf((1 + confidence) / 2, scores - 1))


def corrected_interval(scores: Sequence[float], test_to_training: float, confidence: float) -> Interval:
    """`mean ± t_{m-1} sqrt((1/m + n_test/n_train) s^2)`: where the expected score lies, at this confidence.

    It is symmetric, and so may reach beyond the score's range; where all scores are equal it is a point,
    since folds that do not differ say nothing about how much others would.
    """
    middle = float(np.mean(scores))
    half = critical_t(len(scores), confidence) * corrected_deviation(scores, test_to_training)
    return Interval(middle - half, middle + half, "corrected k-fold t")


def wilson(successes: int, rows: int, confidence: float) -> Interval:
    """Wilson's (1927) score interval of a share, which is not a point even at 0 or 1.

    `(p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)` with `p = successes / n` and z the normal
    quantile.
    """
    from scipy.stats import norm

    if not 0 <= successes <= rows or rows < 1:
        raise ValueError(f"{successes} successes among {rows} rows")
    z = float(norm.ppf((1 + confidence) / 2))
    share = successes / rows
    middle = share + z * z / (2 * rows)
    half = z * sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    scale = 1 + z * z / rows
    low = 0.0 if successes == 0 else (middle - half) / scale  # exactly, where rounding would miss it
    high = 1.0 if successes == rows else (middle + half) / scale
    return Interval(low, high, "Wilson")


def bootstrap_interval(
    score_of_draws: ScoreOfDraws,
    targets: NDArray[Any],
    predictions: NDArray[Any],
    samples: int,
    confidence: float,
    seed: int,
    groups: NDArray[Any] | None = None,
    drawn_are: str = "groups",
) -> Interval | None:
    """Percentile bootstrap (Efron, 1979): the score of `samples` draws of n rows with replacement.

    Where rows have `groups` `[n]`, as tokens have sentences, whole groups are drawn, as many as there are: rows of a
    group are no independent witnesses, and draws of them would make the interval too short. `drawn_are` is what the
    method calls them.
    None where every draw scores the same, as at a perfect score: then the rows say nothing about the error.
    The draws come from numpy's Philox under `seed`, so that they are the same on every machine.
    """
    draws = np.random.Generator(np.random.Philox(key=seed))
    at_once = max(1, MOST_DRAWN // len(targets))
    blocks = None if groups is None else _Blocks(groups)
    units = len(targets) if blocks is None else len(blocks.lengths)
    found = np.empty(samples)
    for first in range(0, samples, at_once):
        drawn = draws.integers(0, units, size=(min(at_once, samples - first), units))
        rows = drawn if blocks is None else blocks.rows(drawn)
        found[first : first + at_once] = score_of_draws(targets, predictions, rows)
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    if found.min() == found.max():
        return None
    return Interval(float(low), float(high), f"bootstrap over {drawn_are if blocks else 'rows'}, {samples} draws")


class _Blocks:
    """The rows of each group, in their order."""

    def __init__(self, groups: NDArray[Any]) -> None:
        _, number = np.unique(groups, return_inverse=True)
        self._order = np.argsort(number, kind="stable")
        self.lengths = np.bincount(number)
        self._first = np.cumsum(self.lengths) - self.lengths

    def rows(self, drawn: NDArray[np.int64]) -> NDArray[np.int64]:
        """Draws of groups `[B, G]` as rows `[B, m]`, the shorter ones filled up with -1."""
        found = np.full((len(drawn), int(self.lengths[drawn].sum(axis=1).max())), -1)
        for line, groups in zip(found, drawn, strict=True):
            lengths = self.lengths[groups]
            places = np.repeat(self._first[groups] - (np.cumsum(lengths) - lengths), lengths)
            line[: len(places)] = self._order[places + np.arange(len(places))]
        return found
