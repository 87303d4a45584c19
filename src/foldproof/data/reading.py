"""What a source of data hands over: a schema, and the rows in chunks, so that no more than one is in memory at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Schema


@dataclass(frozen=True)
class Chunk:
    """Some rows: `features` `[n, *shape]`, `targets` `[n]`, or `[n, T]` of several, and what stands beside them, `[n]`.

    None where the data has no such thing, which is then so in every chunk.
    """

    features: NDArray[Any]  # uint8 of images, float32 of tables and text
    targets: NDArray[Any]  # int64 class indices or float32 numbers of one target; float32 of several
    groups: NDArray[np.int64] | None = None  # rows of one group never stand on both sides of a split
    times: NDArray[np.float64] | None = None  # only earlier rows are learnt from
    weights: NDArray[np.float32] | None = None  # how much a row counts in the loss, > 0
    ids: NDArray[np.str_] | None = None  # the row's own name, passed through to predictions
    given_test: NDArray[np.bool_] | None = None  # rows that the data's makers set aside as the test set

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Those that are there, by name."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None}


@dataclass(frozen=True)
class Reading:
    """A source, opened: what its rows are, and `chunks()`, which reads them anew each time, in order.

    The schema's `rows` and `fingerprint` are still empty: they are known when the last chunk has been read.
    """

    schema: Schema
    chunks: Callable[[], Iterator[Chunk]]
    rows: int | None = None  # how many there will be, where that is known, for the progress that is shown
