"""The median of paired ratios and the sign test's interval of it, which assumes nothing of how the ratios scatter."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

LEVEL = 0.95


@dataclass(frozen=True)
class MedianInterval:
    """The median, the interval between two of the sorted values, and the chance that such an interval holds it."""

    median: float
    low: float
    high: float
    coverage: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def median_interval(values: Sequence[float]) -> MedianInterval:
    """`[x_(k), x_(n+1-k)]` with the largest k whose coverage `1 - 2 P(Binomial(n, 1/2) < k)` reaches 95 %.

    Below six values no such k exists; then it is the range, k = 1, and the coverage says what that is worth.
    """
    ordered, n = sorted(values), len(values)
    depths = [k for k in range(1, (n + 1) // 2 + 1) if coverage(n, k) >= LEVEL]
    k = max(depths, default=1)
    return MedianInterval(median(ordered), ordered[k - 1], ordered[n - k], coverage(n, k))


def coverage(n: int, k: int) -> float:
    """The chance that the k-th smallest and k-th largest of n independent values enclose the median."""
    return max(0.0, 1 - sum(comb(n, i) for i in range(k)) / 2.0 ** (n - 1))


def explained(n: int) -> str:
    """What stands in brackets, for the text above a table."""
    found = median_interval(range(n))
    return (
        f"in brackets the sign test's interval of the median: the values numbered {found.low + 1:.0f} and "
        f"{found.high + 1:.0f} of the {n} sorted pairs, which enclose it with a chance of {found.coverage:.1%}"
    )
