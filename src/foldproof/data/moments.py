"""Count, mean, deviation and range of columns that come in chunks, missing values left out."""

import numpy as np
from numpy.typing import NDArray


class Moments:
    """Of columns `[F]`, over all rows `[n, F]` that were added.

    Chunks are joined by Chan, Golub and LeVeque's (1983) update, which loses no digits where a mean is far from 0.
    """

    def __init__(self, columns: int = 1) -> None:
        self.rows = 0
        self.count = np.zeros(columns)
        self.mean = np.zeros(columns)
        self.least = np.full(columns, np.inf)
        self.largest = np.full(columns, -np.inf)
        self._squares = np.zeros(columns)

    def add(self, rows: NDArray[np.float64]) -> None:
        """Take in rows `[n, F]`, NaN where missing."""
        self.rows += len(rows)
        there = ~np.isnan(rows)
        count = there.sum(axis=0)
        safe = np.maximum(count, 1)
        mean = np.where(there, rows, 0.0).sum(axis=0) / safe
        squares = np.where(there, (rows - mean) ** 2, 0.0).sum(axis=0)
        together = self.count + count
        shift = mean - self.mean
        self._squares += squares + shift**2 * self.count * count / np.maximum(together, 1)
        self.mean += shift * count / np.maximum(together, 1)
        self.count = together
        self.least = np.minimum(self.least, np.where(there, rows, np.inf).min(axis=0, initial=np.inf))
        self.largest = np.maximum(self.largest, np.where(there, rows, -np.inf).max(axis=0, initial=-np.inf))

    @property
    def missing(self) -> NDArray[np.float64]:
        """Rows without a value."""
        return self.rows - self.count

    @property
    def deviation(self) -> NDArray[np.float64]:
        """The standard deviation (ddof 0)."""
        return np.sqrt(self._squares / np.maximum(self.count, 1))

    def lost_in_float32(self, origin: float = 0.0) -> NDArray[np.bool_]:
        """Columns that vary by less than 100 times what float32 rounds their values by, such as 1e9 + 0.1.

        The values are counted from `origin`.
        """
        size = np.maximum(np.abs(self.least - origin), np.abs(self.largest - origin))
        deviation = self.deviation
        return np.asarray((self.count > 0) & (deviation > 0) & (size * 2.0**-24 > 0.01 * deviation))

    def why_lost(self, place: int) -> str:
        """That of one column in words, and what to do."""
        return (
            f"values vary by {self.deviation[place]:.3g} around {self.mean[place]:.6g}, which float32 cannot hold; "
            "subtract the offset"
        )
