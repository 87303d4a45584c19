"""The target columns of a table: classes or numbers, found by looking at all cells once, chunk by chunk."""

from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from foldproof.data.encoding import is_text, numbers_of, texts_of
from foldproof.data.inference import MOST_VALUES, Misfits, Where
from foldproof.data.moments import Moments
from foldproof.data.precision import Rounded
from foldproof.data.schema import Target, Task
from foldproof.data.target_typing import task_of, unfit_classes, unfit_numbers, unusable

if TYPE_CHECKING:
    import pyarrow as pa

LEADING_ZERO = r"^\s*[+-]?0[0-9]"
EXACT = 2.0**53  # below it float64 holds every whole number

T = TypeVar("T")


class TargetScan:
    """What has been seen of one target column; `target` says what it is once all cells have been added.

    Only an empty cell is missing among texts, so that a class may be called NA; among numbers every sign for a missing
    value counts.
    """

    def __init__(self, name: str, task: Task | Literal["auto"]) -> None:
        self.name = name
        self._task = task
        self._rows = 0
        self._moments = Moments()
        self._rounded = Rounded()
        self._fractional = False
        self._exact = False  # whether they come as float32
        self._codes = False  # whether numbers could not name the classes as they are written, such as 007
        self._empty, self._marked = Misfits(), Misfits()
        self._texts = Misfits()  # neither numbers nor missing
        self._infinite = Misfits()
        self._numbers: set[float] | None = set()  # None: too many
        self._labels: set[str] | None = set()

    def add(self, cells: "pa.Array") -> None:
        """Look at the next cells."""
        import pyarrow as pa

        cells = _words(cells)
        values, wrong = numbers_of(cells)
        self._exact = pa.types.is_float32(cells.type)
        self._texts.add(wrong, self._rows, cells)
        self._marked.add(np.isnan(values) & ~wrong, self._rows, cells)
        self._infinite.add(np.abs(values) > np.finfo(np.float32).max, self._rows, cells)
        labels = _labels(cells)
        self._empty.add(np.asarray(labels.is_null()), self._rows, cells)
        self._rows += len(cells)
        finite = values[np.isfinite(values)]
        self._moments.add(finite[:, None])
        self._rounded.add(finite)
        self._fractional |= bool((finite != np.round(finite)).any())
        self._codes |= bool((np.abs(finite) >= EXACT).any()) or (is_text(cells) and _padded(labels))
        self._numbers = _grown(self._numbers, np.unique(finite).tolist())
        if self._labels is not None:
            self._labels = _grown(self._labels, [label for label in labels.unique().to_pylist() if label is not None])

    @property
    def numeric(self) -> bool:
        """Whether every cell is a number, or a sign for a missing one."""
        return self._texts.count == 0 and self._marked.count < self._rows

    @property
    def _fractional_numbers(self) -> bool:
        return self.numeric and self._fractional

    @property
    def _numbered(self) -> bool:
        """Whether classes are named by numbers, so that 1 and 1.0 are the same, and not by texts."""
        return self.numeric and not self._codes

    @property
    def task(self) -> Task:
        """What section `data` says, or what the cells say."""
        if self._task != "auto":
            return self._task
        different = inf if self._numbers is None else len(self._numbers)
        return task_of(self._rows, different, numeric=self.numeric, fractional=self._fractional)

    def problems(self, where: Where) -> list[str]:
        """What keeps the column from being predicted, a line each, with what to do."""
        called = f"target {self.name!r}"
        absent = self._marked if self.numeric else self._empty
        found = unusable(called, *(where(one.rows, one.count) if one.count else "" for one in (absent, self._infinite)))
        if absent.count:
            return found
        mostly = 2 * self._texts.count < self._rows
        if not self.numeric and (self.task == "regression" or (self._task == "auto" and mostly)):
            wrong = where(self._texts.rows, self._texts.count)
            found.append(
                f"{called} is not numeric: not a number in {wrong}, such as {self._texts.example!r}; mend it, or set "
                "data.task to classification"
            )
        elif self.task == "regression":
            lost = not self._exact and (bool(self._moments.lost_in_float32()[0]) or self._rounded.lost())
            found += unfit_numbers(called, self._moments, lost=lost)
        elif (self._numbers if self._numbered else self._labels) is None and not self._fractional_numbers:
            found.append(f"{called} has more than {MOST_VALUES} classes; for numbers, set data.task to regression")
        else:
            found += unfit_classes(called, self.classes(), fractional=self._fractional_numbers)
        return found

    def classes(self) -> tuple[str, ...]:
        """Their names in order of class index: numbers by size, texts by letter."""
        if self._numbered:
            return tuple(str(int(number)) for number in sorted(self._numbers or ()))
        return tuple(sorted(self._labels or ()))

    def target(self) -> Target:
        """The column as the schema names it."""
        return Target(self.name, self.task, self.classes() if self.task == "classification" else ())

    def encode(self, cells: "pa.Array") -> NDArray[Any]:
        """Class indices or numbers `[n]`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = _words(cells)
        if self.task == "regression" or self._numbered:
            values, _ = numbers_of(cells)
            return np.searchsorted(sorted(self._numbers or ()), values) if self.task == "classification" else values
        places = pc.index_in(_labels(cells), value_set=pa.array(self.classes(), pa.string()))
        return np.asarray(places.to_numpy(zero_copy_only=False), dtype=np.float64)


def _words(cells: "pa.Array") -> "pa.Array":
    """The cells, but false and true are texts: classes, and no numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.cast(cells, pa.string()) if pa.types.is_boolean(cells.type) else cells


def _labels(cells: "pa.Array") -> "pa.Array":
    """Cells as texts, just as they stand; null where empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(cells):
        return texts_of(cells)
    texts = pc.cast(cells, pa.string())
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), pa.scalar(None, pa.string()), texts)


def _padded(labels: "pa.Array") -> bool:
    """Whether some label begins with a zero that its number does not need."""
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(labels, LEADING_ZERO)).as_py())


def _grown(found: set[T] | None, more: list[T]) -> set[T] | None:
    if found is None:
        return None
    found |= set(more)
    return None if len(found) > MOST_VALUES else found
