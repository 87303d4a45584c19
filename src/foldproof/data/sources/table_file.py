"""An opened file of a table: the names of its columns, and its cells in batches, read anew each time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TableFile:
    """What every kind of file gives; `where` says in words where rows stand, given the first few and their count."""

    path: Path
    names: tuple[str, ...]
    batches: Callable[[Sequence[str]], "Iterator[pa.RecordBatch]"]  # of the columns named, in order
    where: Callable[[Sequence[int], int], str]
