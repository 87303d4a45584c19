"""What stands beside the features of a table's rows: group, time, weight and id, a column each."""

from collections.abc import Callable
from dataclasses import dataclass
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
    """`array` of a chunk is called; `forms` are what all of its cells may be, by name, each with what reads them."""

    array: str
    forms: dict[str, Callable[["pa.Array"], Values]]


class RoleScan:
    """One such column, as far as it has been looked at; its form is the one that most of its cells have."""

    def __init__(self, role: Role, name: str) -> None:
        self.role = role
        self.name = name
        self._width = 1  # of the longest text
        self._rows = 0
        self._unusable = {form: Misfits() for form in role.forms}

    def add(self, cells: "pa.Array") -> None:
        """Look at the next cells."""
        for form, read in self.role.forms.items():
            values, wrong = read(cells)
            self._unusable[form].add(wrong, self._rows, cells)
            if values.dtype.kind == "U":
                self._width = max(self._width, values.dtype.itemsize // 4)
        self._rows += len(cells)

    def problems(self, where: Where) -> list[str]:
        """Cells that cannot be used, by line."""
        bad = self._unusable[self._form]
        if not bad.count:
            return []
        told = f"such as {bad.example!r}, " if bad.example else ""
        known = [self._form] if bad.count < self._rows else list(self.role.forms)
        return [f"column {self.name!r}: {where(bad.rows, bad.count)} {told}legal: {' or '.join(known)} in every row"]

    def encode(self, cells: "pa.Array") -> NDArray[Any]:
        """The values of a chunk, texts of one width in all chunks."""
        values, _ = self.role.forms[self._form](cells)
        return values.astype(f"<U{self._width}") if values.dtype.kind == "U" else values

    @property
    def _form(self) -> str:
        return min(self._unusable, key=lambda form: self._unusable[form].count)


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


def _number(cells: "pa.Array") -> Values:
    values, wrong = numbers_of(cells)
    return values, wrong | ~np.isfinite(values)


def _date(cells: "pa.Array") -> Values:
    values, wrong = dates_of(cells)
    return values, wrong | ~np.isfinite(values)


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
    "group": Role("groups", {"a value": _group}),
    "time": Role("times", {"a number": _number, "an ISO date": _date}),
    "weight": Role("weights", {"a number > 0": _weight}),
    "id": Role("ids", {f"a text of at most {LONGEST_ID} characters": _id}),
}
