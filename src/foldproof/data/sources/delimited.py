"""Text files with a header and a character between cells: CSV and TSV, in UTF-8, cells maybe in double quotes."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldproof.data.inference import SHOWN
from foldproof.data.sources.table_file import TableFile, listed
from foldproof.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 2 << 20  # bytes read at a time; no line may be longer
WITH_DECIMAL_COMMA = r"^(\s*[+-]?[0-9]*),([0-9]+([eE][+-]?[0-9]+)?\s*)$"


def open_delimited(path: Path, delimiter: str, decimal: str = ".") -> TableFile:
    """Read the header; raises DataError where it cannot be, or a column has no name, or one that another has too."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, delimiter=delimiter)
            header, first = next(lines, []), next(lines, None)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file (paths are relative to the project's root)") from None
    except (UnicodeDecodeError, OSError, csv.Error) as error:
        raise _unreadable(path, error) from None
    if not header:
        raise _unreadable(path, "it is empty")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    problems = [f"{path}: the header names {', '.join(map(repr, twice))} more than once"] if twice else []
    if "" in header:
        place = header.index("") + 1
        problems.append(f"{path}: column {place} has no name in the header; name it, or save without the rows' numbers")
    if len(header) == 1 and (other := _likelier(header[0])):
        problems.append(
            f"{path}: the header is one column, {header[0]!r}; if {other!r} stands between cells, say so "
            f"(`data.delimiter: {other!r}`, --delimiter for `foldproof predict`)"
        )
    if first is None:
        problems.append(f"{path}: no rows below the header")
    if problems:
        raise DataError(*problems)

    def batches(names: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        return _batches(path, delimiter, decimal, header, names)

    def where(rows: Sequence[int], count: int) -> str:
        return listed("line", _lines(path, delimiter, rows), count)

    return TableFile(path, tuple(header), batches, where)


def _likelier(header: str) -> str:
    """A character that looks as if it stood between the cells of a header that seems to be one cell."""
    return next((one for one in ";\t|," if one in header), "")


def _batches(
    path: Path, delimiter: str, decimal: str, header: Sequence[str], names: Sequence[str]
) -> "Iterator[pa.RecordBatch]":
    """Cells as text; raises DataError with every line whose cells are not as many as the header's."""
    import pyarrow as pa
    import pyarrow.csv

    ragged: list[tuple[int, int]] = []  # number of the record, the header being 1, and how many cells it has

    def skip(row: Any) -> str:
        ragged.append((row.number, row.actual_columns))
        return "skip"

    texts = {name: pa.string() for name in header}
    try:
        reader = pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=skip
            ),
            convert_options=pyarrow.csv.ConvertOptions(column_types=texts, include_columns=list(names)),
        )
        with reader:  # its thread must not outlive an error
            for batch in reader:
                yield _with_points(batch) if decimal == "," else batch
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        if "Empty CSV" not in str(error):
            raise _unreadable(path, error) from None
    if ragged:
        shown = ", ".join(
            f"line {_lines(path, delimiter, [number - 2])[0]} has {cells}" for number, cells in ragged[:SHOWN]
        )
        raise DataError(
            f"{path}: some lines have {max(cells for _, cells in ragged)} cells, the header has {len(header)} "
            f"({shown}{', ...' if len(ragged) > SHOWN else ''}); give every line a cell for every column"
        )


def _with_points(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    """Numbers written with a decimal comma, written with a point."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pointed = [pc.replace_substring_regex(cells, WITH_DECIMAL_COMMA, r"\1.\2") for cells in batch.columns]
    return pa.RecordBatch.from_arrays(pointed, names=batch.schema.names)


def _lines(path: Path, delimiter: str, rows: Sequence[int]) -> list[int]:
    """The lines on which rows begin, the header's being 1: a cell in quotes may hold line breaks."""
    if not rows:
        return []
    found: dict[int, int] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        begins = 1
        for row, _ in enumerate(reader, start=-1):
            if row in rows:
                found[row] = begins
            if row >= max(rows):
                break
            begins = reader.line_num + 1
    return [found[row] for row in rows if row in found]


def _unreadable(path: Path, error: object) -> DataError:
    told = str(error)
    advice = "; save it as UTF-8" if "utf" in told.lower() else ""
    return DataError(f"{path}: not a readable {path.suffix.lstrip('.').upper() or 'text'} file: {told}{advice}")
