"""From cells to raw rows and back: one set of rules for training files, files to predict, and what a server is sent.

A cell may be text, as in CSV, or typed, as in Parquet and data frames. Missing are null, NaN and, as text, `MISSING`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.mismatches import absent, changed
from foldproof.data.schema import Column, ColumnKind
from foldproof.errors import DataError, listed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MISSING = ("", "NA", "N/A", "n/a", "null", "NULL", "NaN", "nan", "?")
UNSEEN = -1.0  # the code of a category that is not among a column's values
WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
NUMBER = r"^([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity))$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Read = tuple[NDArray[np.float64], NDArray[np.bool_]]


@dataclass
class Encoded:
    """Raw rows `[n, F]` float32, and by column how many categories were met that training had not."""

    rows: NDArray[np.float32]
    unseen: dict[str, int] = field(default_factory=dict)

    def told(self) -> str:
        """The unseen categories in words; empty where there are none."""
        counts = ", ".join(f"{count} in {name!r}" for name, count in self.unseen.items())
        return f"categories that training did not have: {counts}; they count as unknown" if counts else ""


def encode(
    cells: Mapping[str, "pa.Array"], columns: tuple[Column, ...], where: str, others: Iterable[str] = ()
) -> Encoded:
    """Raw rows of cells `[n]` by column name.

    Raises DataError with every column that is absent, be it one whose cells may be empty, and every cell that is not of
    its column's kind; `where` names the cells in messages, `others` are columns that stand beside them.
    """
    import pyarrow as pa

    problems = absent([column.name for column in columns if column.name not in cells], others, where)
    rows = np.full((max(map(len, cells.values()), default=0), len(columns)), np.nan, dtype=np.float32)
    unseen: dict[str, int] = {}
    for place, column in enumerate(columns):
        if column.name not in cells:
            continue
        values, wrong = read(cells[column.name], column)
        wrong |= np.isinf(values) | (np.abs(values) > np.finfo(np.float32).max)
        if wrong.any():
            found = np.flatnonzero(wrong)
            example = cells[column.name][int(found[0])].as_py()
            problems.append(
                f"{where}: column {column.name!r}: not a usable {column.kind} in rows {listed(found)}, counted from 0, "
                f"such as {example!r}"
            )
            continue
        rows[:, place] = values
        if column.kind == "category" and (count := int((values == UNSEEN).sum())):
            unseen[column.name] = count
            strangers = texts_of(cells[column.name].filter(pa.array(values == UNSEEN))).unique().to_pylist()
            all_unseen = count == len(values) - int(np.isnan(values).sum())
            problems += changed(strangers, count if all_unseen else 0, column, where)
    if problems:
        raise DataError(*problems)
    return Encoded(rows, unseen)


def encode_frame(frame: "pd.DataFrame", columns: tuple[Column, ...], where: str = "rows to predict") -> Encoded:
    """As `encode`, of a data frame."""
    import pyarrow as pa

    wanted = [column.name for column in columns if column.name in frame.columns]
    try:
        found = {name: pa.array(frame[name], from_pandas=True) for name in wanted}
        whole = {
            name: cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
            for name, cells in found.items()
        }
        return encode(whole, columns, where, [str(name) for name in frame.columns if name not in whole])
    except pa.ArrowInvalid as error:  # values of several types in one column
        raise DataError(f"{where}: {error}") from None


def read(cells: "pa.Array", column: Column) -> Read:
    """Raw values `[n]`, NaN where missing, and which cells are not of the column's kind, `[n]`."""
    values, wrong = READ[column.kind](cells, column.values)
    return values - column.origin, wrong


def numbers_of(cells: "pa.Array", values: tuple[str, ...] = ()) -> Read:  # noqa: ARG001
    """Numbers as they are or as they are written: `1`, `-1.5`, `.5`, `1e3`; infinity counts as one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_text(cells):
        usable = pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_boolean(cells.type)
        if not (usable or pa.types.is_decimal(cells.type) or pa.types.is_null(cells.type)):
            return _none_of(cells)
        return _floats(pc.cast(cells, pa.float64(), safe=False)), np.zeros(len(cells), dtype=bool)
    try:  # nearly all columns of numbers are clean, and this is ten times as fast
        return _floats(pc.cast(cells, pa.float64())), np.zeros(len(cells), dtype=bool)
    except pa.ArrowInvalid:
        texts = texts_of(cells)
    fits = pc.match_substring_regex(texts, NUMBER)
    found = pc.cast(pc.if_else(fits, texts, pa.scalar(None, pa.string())), pa.float64())
    return _floats(found), _flags(pc.invert(fits))


def booleans_of(cells: "pa.Array", values: tuple[str, ...] = ()) -> Read:  # noqa: ARG001
    """True and false as they are, as 1 and 0, or as the words true, false, yes, no in any case."""
    if not is_text(cells):
        found, wrong = numbers_of(cells)
        return found, wrong | ~(np.isnan(found) | (found == 0) | (found == 1))
    return _by_text(cells, lambda text: WORDS.get(text.lower(), {"1": 1.0, "0": 0.0}.get(text)))


def dates_of(cells: "pa.Array", values: tuple[str, ...] = ()) -> Read:  # noqa: ARG001
    """Days since 1970-01-01 of dates, or of ISO 8601's `2026-01-31` or `2026-01-31T23:59:59`, UTC unless said."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_text(cells):
        return _by_text(cells, _days)
    if not pa.types.is_date(cells.type) and not pa.types.is_timestamp(cells.type):
        return _none_of(cells)
    seconds = pc.cast(pc.cast(cells, pa.timestamp("us"), safe=False), pa.int64())
    return _floats(pc.cast(seconds, pa.float64(), safe=False)) / 86_400e6, np.zeros(len(cells), dtype=bool)


def codes_of(cells: "pa.Array", values: tuple[str, ...]) -> Read:
    """The place of each text among `values`, or `UNSEEN`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = texts_of(cells)
    places = pc.index_in(texts, value_set=pa.array(values, pa.string()), skip_nulls=True)
    found = _floats(pc.cast(pc.fill_null(places, int(UNSEEN)), pa.float64()))
    found[_flags(pc.is_null(texts))] = np.nan
    return found, np.zeros(len(cells), dtype=bool)


READ: dict[ColumnKind, Callable[["pa.Array", tuple[str, ...]], Read]] = {
    "number": numbers_of,
    "boolean": booleans_of,
    "date": dates_of,
    "category": codes_of,
}


def is_text(cells: "pa.Array") -> bool:
    """Whether the cells hold text, be it coded."""
    import pyarrow as pa

    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def texts_of(cells: "pa.Array", missing: Iterable[str] = MISSING) -> "pa.Array":
    """Cells as text without spaces around it, null where missing; whole numbers have no point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_floating(cells.type):
        found = pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
        whole = pc.and_(pc.equal(found, pc.round(found)), pc.less(pc.abs(found), pa.scalar(2.0**63)))
        return pc.if_else(
            whole, pc.cast(pc.cast(found, pa.int64(), safe=False), pa.string()), pc.cast(found, pa.string())
        )
    texts = pc.cast(cells, pa.string())
    texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(
        pc.is_in(texts, value_set=pa.array(list(missing), pa.string())), pa.scalar(None, pa.string()), texts
    )


def decode(rows: NDArray[Any], columns: tuple[Column, ...]) -> "pd.DataFrame":
    """Raw rows `[n, F]` as a person would write them: numbers, and texts of booleans, dates and categories."""
    import pandas as pd

    return pd.DataFrame(
        {column.name: _WRITTEN[column.kind](rows[:, place], column) for place, column in enumerate(columns)}
    )


def _number_written(values: NDArray[Any], column: Column) -> Any:  # noqa: ARG001
    return values.astype(np.float64)


def _boolean_written(values: NDArray[Any], column: Column) -> Any:  # noqa: ARG001
    return _written(values, lambda value: "true" if value else "false")


def _date_written(values: NDArray[Any], column: Column) -> Any:
    def written(since: float) -> str:
        days = since + column.origin
        moment = (EPOCH + timedelta(seconds=round(days * 86_400))).replace(tzinfo=None)
        return moment.date().isoformat() if days == int(days) else moment.isoformat()

    return _written(values, written)


def _category_written(values: NDArray[Any], column: Column) -> Any:
    return _written(values, lambda value: None if value == UNSEEN else column.values[int(value)])


_WRITTEN: dict[ColumnKind, Callable[[NDArray[Any], Column], Any]] = {
    "number": _number_written,
    "boolean": _boolean_written,
    "date": _date_written,
    "category": _category_written,
}


def _written(values: NDArray[Any], one: Callable[[float], str | None]) -> NDArray[Any]:
    return np.array([None if np.isnan(value) else one(float(value)) for value in values], dtype=object)


def _by_text(cells: "pa.Array", meaning: Callable[[str], float | None]) -> Read:
    """The meaning of each text, found once for each that is different; wrong are those that have none."""
    import pyarrow as pa

    coded = texts_of(cells).dictionary_encode()
    meanings = [meaning(text) for text in coded.dictionary.to_pylist()]
    known = np.array([*(np.nan if one is None else one for one in meanings), np.nan])
    unknown = np.array([*(one is None for one in meanings), False])
    places = coded.indices.fill_null(len(meanings)).cast(pa.int64()).to_numpy()
    return known[places], unknown[places]


@lru_cache(maxsize=100_000)
def _days(text: str) -> float | None:
    if not re.match(DATE, text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH).total_seconds() / 86_400


def _floats(cells: "pa.Array") -> NDArray[np.float64]:
    return np.array(cells.to_numpy(zero_copy_only=False), dtype=np.float64)


def _flags(cells: "pa.Array") -> NDArray[np.bool_]:
    return np.array(cells.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)


def _none_of(cells: "pa.Array") -> Read:
    return np.full(len(cells), np.nan), ~_flags(cells.is_null())
