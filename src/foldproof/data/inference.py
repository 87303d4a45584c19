"""What a column of a table holds, found by looking at all of its cells once, chunk by chunk.

A column is of numbers, booleans or dates where every cell is; where at least half are, the others are taken for
mistakes and refused by line; everything else is a category, unless its texts are too many or nearly all different.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foldproof.config.data import ColumnKind
from foldproof.data.encoding import READ, is_text, texts_of
from foldproof.data.moments import Moments
from foldproof.data.precision import Rounded
from foldproof.data.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

MOST_VALUES = 10_000  # of a category, or classes of a target
NAMES_ABOVE = 100  # a text column with more different texts than this ...
NAMES_SHARE = 0.9  # ... which make up this share of its cells names its rows
SHOWN = 8  # rows that a message lists
INFERRED: tuple[ColumnKind, ...] = ("number", "boolean", "date")

Where = Callable[[Sequence[int], int], str]  # the first rows in question, and how many there are, in words


class Misfits:
    """Cells that are not what they should be: how many, the first rows and one as an example."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[int] = []
        self.example = ""

    def add(self, flags: NDArray[np.bool_], start: int, cells: "pa.Array") -> None:
        """Take in those of a chunk that begins with row `start`."""
        found = np.flatnonzero(flags)
        if len(found) and not self.rows:
            self.example = str(cells[int(found[0])].as_py())
        self.rows += [start + int(row) for row in found[: SHOWN - len(self.rows)]]
        self.count += len(found)


class ColumnScan:
    """What has been seen of one column; `kind` says what it is once all cells have been added."""

    def __init__(self, name: str, asked: ColumnKind | None = None) -> None:
        self.name = name
        self.infinite = Misfits()
        self.absent = Misfits()
        self.complete = True  # whether `values` would hold all of them
        self._asked = asked
        self._rows = 0
        self._present = 0
        self._kinds = [asked] if asked else list(INFERRED)
        self._fitting = dict.fromkeys(self._kinds, 0)
        self._wrong = {kind: Misfits() for kind in self._kinds}
        self._moments = {kind: Moments() for kind in self._kinds}
        self._rounded = {kind: Rounded() for kind in self._kinds}
        self._values: set[str] | None = set()  # None: too many

    def add(self, cells: "pa.Array") -> None:
        """Look at the next cells."""
        self._natural(cells)
        texts = None
        for kind in self._kinds:
            values, wrong = READ[kind](cells, ())
            self._measure(kind, values, cells)
            if kind == "category" or (kind == "number" and wrong.any()):
                texts = texts_of(cells)
            present = ~np.isnan(values) if kind == "category" else ~np.isnan(values) | wrong
            self._fitting[kind] += int(present.sum()) - int(wrong.sum())
            self._wrong[kind].add(wrong, self._rows, cells)
            if kind == self._kinds[0]:
                self._present += int(present.sum())
                self.absent.add(~present, self._rows, cells)
            if kind == "number" and self._asked is None and not wrong.any():
                self.complete &= not present.any()
                break  # a chunk of numbers alone is neither of words nor of dates
        if texts is not None:
            self._collect(texts)
        self._rows += len(cells)

    def _natural(self, cells: "pa.Array") -> None:
        """Typed cells, as in Parquet, are what they are."""
        import pyarrow as pa

        if self._asked is None and self._rows == 0 and not pa.types.is_null(cells.type):
            kind: ColumnKind | None = None
            if pa.types.is_boolean(cells.type):
                kind = "boolean"
            elif pa.types.is_temporal(cells.type):
                kind = "date"
            elif pa.types.is_dictionary(cells.type):
                kind = "category"
            elif not is_text(cells):
                kind = "number"
            if kind:
                self._asked, self._kinds = kind, [kind]
                self._fitting, self._wrong, self._moments = {kind: 0}, {kind: Misfits()}, {kind: Moments()}
                self._rounded = {kind: Rounded()}

    def _measure(self, kind: ColumnKind, values: NDArray[np.float64], cells: "pa.Array") -> None:
        overflowing = np.abs(values) > np.finfo(np.float32).max
        self.infinite.add(overflowing, self._rows, cells)
        usable = np.where(overflowing, np.nan, values)
        self._moments[kind].add(usable[:, None])
        self._rounded[kind].add(usable)

    def _collect(self, texts: "pa.Array") -> None:
        if self._values is not None:
            self._values.update(text for text in texts.unique().to_pylist() if text is not None)
            if len(self._values) > MOST_VALUES:
                self._values = None

    @property
    def kind(self) -> ColumnKind:
        """What the cells are, or what most of them are."""
        if self._asked:
            return self._asked
        whole = [kind for kind in INFERRED if self._fitting[kind] == self._present]
        half = [kind for kind in ("number", "date") if 2 * self._fitting[kind] >= self._present]
        return [*whole, *half, "category"][0]  # type: ignore[return-value]

    @property
    def moments(self) -> Moments:
        """Of its values, where these are no texts."""
        return self._moments.get(self.kind, Moments())

    def column(self) -> Column:
        """The column as the schema names it."""
        values = tuple(sorted(self._values or ())) if self.kind == "category" else ()
        return Column(self.name, self.kind, values, missing=self._present < self._rows, origin=self._origin())

    def _origin(self) -> float:
        """Of dates that float32 could not tell apart the first day, else 1970-01-01."""
        return float(np.floor(self.moments.least[0])) if self.kind == "date" and self._lost() else 0.0

    def _lost(self, origin: float = 0.0) -> bool:
        """Whether float32 could not hold the values, counted from `origin`."""
        return bool(self.moments.lost_in_float32(origin)[0]) or self._rounded[self.kind].lost(origin)

    def problems(self, where: Where) -> list[str]:
        """What keeps the column from being used, a line each, with what to do."""
        kind = self.kind
        if self._present == 0:
            return [f"column {self.name!r}: holds no value at all; name it in data.drop"]
        found = []
        wrong = self._wrong.get(kind, Misfits())
        if wrong.count:
            advice = f"mend them, or set data.types: {{{self.name}: category}}" if kind != "boolean" else "mend them"
            found.append(
                f"column {self.name!r}: not a {kind} in {where(wrong.rows, wrong.count)}, such as {wrong.example!r}; "
                f"{advice}"
            )
        if kind == "number" and self.infinite.count:
            found.append(
                f"column {self.name!r}: infinite, or too large for float32, in "
                f"{where(self.infinite.rows, self.infinite.count)}; mend these or leave them empty"
            )
        if kind == "number" and not found and self._lost():
            found.append(f"column {self.name!r}: {self.moments.why_lost(0)}")
        if kind == "date" and not found and self._lost(self._origin()):
            found.append(
                f"column {self.name!r}: float32 cannot tell its moments apart, even as days since the first; write "
                "them less finely, or the time of day in a column of its own"
            )
        return found + (self._as_category() if kind == "category" else [])

    def _as_category(self) -> list[str]:
        advice = f"name it in data.drop, or, where it names the rows, set data.id: {self.name}"
        if self._values is None:
            return [f"column {self.name!r}: more than {MOST_VALUES} different texts, too many for a category; {advice}"]
        different = len(self._values)
        if self._asked is None and different > max(NAMES_ABOVE, NAMES_SHARE * self._present):
            told = f"{different} different texts in {self._present} cells"
            return [f"column {self.name!r}: {told}, which tell nothing about other rows; {advice}"]
        return []
