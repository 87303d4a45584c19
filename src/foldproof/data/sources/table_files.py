"""Kinds of files that hold a table, by name, which is also the ending of their names."""

from collections.abc import Callable
from pathlib import Path

from foldproof.data.sources.delimited import open_delimited
from foldproof.data.sources.parquet import open_parquet
from foldproof.data.sources.table_file import TableFile

# Opens a file, given what stands between its cells (None: what is usual) and before fractions, for files of text.
TABLE_FILES: dict[str, Callable[[Path, str | None, str], TableFile]] = {
    "csv": lambda path, delimiter, decimal: open_delimited(path, delimiter or ",", decimal),
    "tsv": lambda path, delimiter, decimal: open_delimited(path, delimiter or "\t", decimal),
    "parquet": lambda path, *_: open_parquet(path),
}
