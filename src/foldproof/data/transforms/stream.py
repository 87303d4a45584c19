"""A member's training rows as tables of float64 that come in chunks, so that no fit holds all of them at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Grain = Literal["feature", "channel"]
GRAINS: tuple[Grain, ...] = ("feature", "channel")
MOST_NUMBERS = 2**23  # held at once: 64 MiB


@dataclass(frozen=True)
class Stream:
    """A table of `rows` times `width`; `chunks()` reads it anew each time, some rows `[n, width]` after the other."""

    rows: int
    width: int
    chunks: Callable[[], Iterator[Floats]]

    @classmethod
    def of(cls, table: Floats) -> "Stream":
        """A table `[rows, width]` that is in memory."""
        return cls(len(table), table.shape[1], lambda: iter([table]))

    def columns(self) -> Iterator[Floats]:
        """All rows of some columns `[rows, w]` after the other, for estimates that need a column as a whole."""
        wide = max(1, MOST_NUMBERS // self.rows)
        for start in range(0, self.width, wide):
            block = np.empty((self.rows, min(wide, self.width - start)))
            filled = 0
            for chunk in self.chunks():
                block[filled : filled + len(chunk)] = chunk[:, start : start + wide]
                filled += len(chunk)
            yield block


@dataclass(frozen=True)
class TrainingRows:
    """The rows of `features` `[N, *]` that `places` lists, as `view` shows them: float64 `[n, *shape]`."""

    features: NDArray[Any]
    places: NDArray[np.int64]
    shape: tuple[int, ...]
    view: Callable[[Floats], Floats]

    def chunks(self) -> Iterator[Floats]:
        """The rows in their order, `[n, *shape]`."""
        size = max(1, MOST_NUMBERS // prod(self.features.shape[1:]))
        for start in range(0, len(self.places), size):
            yield self.view(np.asarray(self.features[self.places[start : start + size]], dtype=np.float64))

    def table(self, grain: Grain) -> Stream:
        """A column for each value of a row, or for each channel, whose pixels then are rows of the table."""
        if grain == "feature":
            return Stream(len(self.places), prod(self.shape), lambda: map(_flat, self.chunks()))
        pixels = prod(self.shape[1:])
        return Stream(len(self.places) * pixels, self.shape[0], lambda: map(_pixels, self.chunks()))

    def spread(self, values: Floats, grain: Grain) -> Floats:
        """Values of the columns of such a table, over the rows' shape `[*shape]`."""
        if grain == "feature":
            return values.reshape(self.shape)
        of_channels = values.reshape(-1, *(1,) * (len(self.shape) - 1))
        return np.broadcast_to(of_channels, self.shape).copy()


def _flat(rows: Floats) -> Floats:
    return rows.reshape(len(rows), -1)


def _pixels(rows: Floats) -> Floats:
    return np.moveaxis(rows, 1, -1).reshape(-1, rows.shape[1])
