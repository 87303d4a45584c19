"""Parquet files: columns have types, which are taken as they are; texts are looked at as those of a CSV file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foldproof.data.sources.table_file import TableFile
from foldproof.errors import DataError, counted

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 32_768  # rows read at a time


def open_parquet(path: Path) -> TableFile:
    """Read the file's schema; raises DataError where it cannot be, or names a column twice."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path) as file:
            found = file.schema_arrow
    except FileNotFoundError:
        raise DataError(f"{path}: no such file (paths are relative to the project's root)") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}") from None
    twice = sorted({name for name in found.names if found.names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: names {', '.join(map(repr, twice))} more than once")

    def batches(names: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        odd = [f"{name} ({found.field(name).type})" for name in names if not _is_plain(found.field(name).type)]
        if odd:
            raise DataError(f"{path}: columns {', '.join(odd)} hold no plain values; name them in data.drop")
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH, columns=list(names)):
                    yield batch.select(list(names))
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"{path}: not a readable Parquet file: {error}") from None

    def where(rows: Sequence[int], count: int) -> str:
        return f"{counted('row', rows, count)}, counted from 0"

    return TableFile(path, tuple(found.names), batches, where)


def _is_plain(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    is_a = pa.types
    if is_a.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return any(
        check(kind)
        for check in (
            *(is_a.is_integer, is_a.is_floating, is_a.is_decimal, is_a.is_boolean, is_a.is_date, is_a.is_timestamp),
            *(is_a.is_string, is_a.is_large_string, is_a.is_string_view, is_a.is_null),
        )
    )
