"""Whether float32, in which raw rows are held, can tell a column's values apart: it has 24 bits."""

import numpy as np
from numpy.typing import NDArray

KEPT = 4_096  # values of a column that are looked at, the first that float32 rounds
LEAST = 0.9  # of the different values, the share that must stay different


class Rounded:
    """The first values of a column that are not what they are once they are float32."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.float64]] = []
        self._room = KEPT

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in values `[n]`, NaN where missing."""
        if self._room:
            with np.errstate(over="ignore"):
                found = values[np.isfinite(values) & (values.astype(np.float32) != values)][: self._room]
            self._parts.append(found)
            self._room -= len(found)

    def lost(self, origin: float = 0.0) -> bool:
        """Whether many of them become equal, counted from `origin`."""
        different = np.unique(np.concatenate([np.empty(0), *self._parts]))
        with np.errstate(over="ignore"):
            kept = np.unique((different - origin).astype(np.float32))
        return len(kept) < LEAST * len(different)


def lost_in_float32(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """The columns of numbers `[n, F]` that float32 cannot hold, such as 1e9 + 0.1 or 1700000000 + 1.

    They vary by less than 100 times what their values are rounded by, or many values become equal.
    """
    small = values.dtype.kind not in "iuf" or values.dtype == np.float32 or values.dtype.itemsize <= 2
    if small or (values.dtype.kind in "iu" and (np.abs(values.astype(np.float64)) <= 2.0**24).all()):
        return np.empty(0, dtype=np.int64)  # these are exact
    numbers = values.astype(np.float64, copy=False)
    deviation, largest = np.nanstd(numbers, axis=0), np.nanmax(np.abs(numbers), axis=0)
    lost = (deviation > 0) & (largest * 2.0**-24 > 0.01 * deviation)
    for place in np.flatnonzero(~lost):
        rounded = Rounded()
        rounded.add(numbers[:, place])
        lost[place] = rounded.lost()
    return np.flatnonzero(lost)
