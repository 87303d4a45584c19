"""Do the sides reach the same accuracy? A ratio of times means nothing where they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, variance

LEVEL = 0.01  # chance of a false alarm in a whole table


@dataclass(frozen=True)
class Agreement:
    """Mean accuracy of a rival less foldproof's, and how large a difference the spread of seeds allows."""

    difference: float
    allowed: float

    @property
    def differ(self) -> bool:
        """Whether the difference is more than seeds explain."""
        return abs(self.difference) > self.allowed


def agreements(ours: Sequence[float], rivals: Mapping[str, Sequence[float]], comparisons: int) -> dict[str, Agreement]:
    """Compare mean accuracies over n seeds, each side's a list `[n]`, on the same folds.

    A difference is allowed up to `t * sqrt(2 v / n)`: v the variance over seeds, pooled over the sides; t Student's
    quantile for the level divided by twice the `comparisons` of the table (Bonferroni). One seed allows anything.
    """
    n = len(ours)
    sides = [ours, *rivals.values()]
    allowed = _quantile(comparisons, len(sides) * (n - 1)) * sqrt(2 * fmean(map(variance, sides)) / n) if n > 1 else inf
    return {name: Agreement(fmean(one) - fmean(ours), allowed) for name, one in rivals.items()}


def _quantile(comparisons: int, degrees_of_freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(1 - LEVEL / (2 * comparisons), degrees_of_freedom))
