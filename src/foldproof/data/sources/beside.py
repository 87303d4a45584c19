"""What stands beside the features of a table's rows: group, time, weight and id, a column each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.encoding import dates_of, is_text, numbers_of, texts_of
from foldproof.data.inference import Misfits, Where

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_ID = 200  # characters

Values = tuple[NDArray[Any], NDArray[np.bool_]]  # `[n]`, and which of them cannot be used


@dataclass(frozen=True)
class Role:
    """`array` of a chunk is called; `read` makes it; `legal` says of a cell what it must be."""

    array: str
    read: Callable[["pa.Array"], Values]
    legal: str


@dataclass
class RoleScan:
    """One such column, as far as it has been looked at."""

    role: Role
    name: str
    width: int = 1  # of the longest text
    rows: int = 0
    unusable: Misfits = field(default_factory=Misfits)

    def add(self, cells: "pa.Array") -> None:
        """Look at the next cells."""
        values, wrong = self.role.read(cells)
        self.unusable.add(wrong, self.rows, cells)
        self.rows += len(cells)
        if values.dtype.kind == "U":
            self.width = max(self.width, values.dtype.itemsize // 4)

    def problems(self, where: Where) -> list[str]:
        """Cells that cannot be used, by line."""
        bad = self.unusable
        if not bad.count:
            return []
        told = f"such as {bad.example!r}, " if bad.example else ""
        return [f"column {self.name!r}: {where(bad.rows, bad.count)} {told}legal: {self.role.legal}"]

    def encode(self, cells: "pa.Array") -> NDArray[Any]:
        """The values of a chunk, texts of one width in all chunks."""
        values, _ = self.role.read(cells)
        return values.astype(f"<U{self.width}") if values.dtype.kind == "U" else values


def _group(cells: "pa.Array") -> Values:
    """Groups are known by a hash of what they are called, so that neither rows before nor after them matter."""
    import pyarrow as pa

    coded = texts_of(cells).dictionary_encode()
    hashes = [
        int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)
        for text in coded.dictionary.to_pylist()
    ]
    places = coded.indices.fill_null(len(hashes)).cast(pa.int64()).to_numpy()
    return np.array([*hashes, 0], dtype=np.int64)[places], places == len(hashes)


def _time(cells: "pa.Array") -> Values:
    numbers, no_number = numbers_of(cells)
    dates, no_date = dates_of(cells)
    values = np.where(no_number | np.isnan(numbers), dates, numbers)
    return values, (no_number & no_date) | ~np.isfinite(values)


def _weight(cells: "pa.Array") -> Values:
    values, _ = numbers_of(cells)
    with np.errstate(over="ignore"):
        weights = values.astype(np.float32)
    return weights, ~(np.isfinite(weights) & (weights > 0))


def _id(cells: "pa.Array") -> Values:
    texts = texts_of(cells, missing=("",)) if is_text(cells) else texts_of(cells)
    values = np.array([text or "" for text in texts.to_pylist()] or [""], dtype=np.str_)[: len(cells)]
    lengths = np.char.str_len(values)
    return values, (lengths == 0) | (lengths > LONGEST_ID)


# By the key of section `data` that names the column.
ROLES: dict[str, Role] = {
    "group": Role("groups", _group, "a value in every row"),
    "time": Role("times", _time, "a number or an ISO date in every row"),
    "weight": Role("weights", _weight, "a number > 0 in every row"),
    "id": Role("ids", _id, f"a text of at most {LONGEST_ID} characters in every row"),
}
