"""Tables in files, of whatever kind: the first pass finds what every column is, the second one hands the rows over.

No more than a batch of rows is in memory; all that is wrong with a file is told at once, before a row is handed over.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from foldproof.config.data import Data
from foldproof.data.encoding import encode
from foldproof.data.inference import ColumnScan, Where
from foldproof.data.progress import watched
from foldproof.data.reading import Chunk, Reading
from foldproof.data.schema import Schema
from foldproof.data.sources.beside import ROLES, RoleScan
from foldproof.data.sources.table_file import TableFile
from foldproof.data.sources.table_files import TABLE_FILES
from foldproof.data.sources.targets import TargetScan
from foldproof.data.target_typing import side_by_side
from foldproof.errors import DataError, unknown_name

if TYPE_CHECKING:
    import pyarrow as pa


class Scan(Protocol):
    """What looks at all cells of one column before any is used."""

    name: str

    def add(self, cells: "pa.Array") -> None:
        """Look at the next cells."""

    def problems(self, where: Where) -> list[str]:
        """What keeps the column from being used."""


def open_table(section: Data) -> Reading:
    """Look at the whole of `data.path`; raises DataError with every column and line that cannot be used."""
    assert section.path is not None
    file = TABLE_FILES[section.source](Path(section.path), section.delimiter, section.decimal)
    _refuse_unknown(file, section)
    beside = [RoleScan(role, column) for key, role in ROLES.items() if (column := getattr(section, key))]
    taken = {*section.targets, *section.drop, *(scan.name for scan in beside)}
    names = [name for name in file.names if name not in taken]
    if not names:
        target = ", ".join(map(repr, section.targets))
        raise DataError(f"{file.path}: no column beside the target {target} is left to learn from")
    targets = [TargetScan(name, section.task) for name in section.targets]
    columns = [ColumnScan(name, section.types.get(name)) for name in names]
    scans: list[Scan] = [*columns, *targets, *beside]
    rows = _look(file, scans)
    if rows == 0:
        raise DataError(f"{file.path}: no rows at all")
    again = [place for place, scan in enumerate(columns) if scan.kind == "category" and not scan.complete]
    for place in again:  # at first they looked like numbers, whose texts are not collected
        columns[place] = ColumnScan(names[place], "category")
    _look(file, [columns[place] for place in again])
    scans = [*columns, *targets, *beside]
    problems = [problem for scan in scans for problem in scan.problems(file.where)]
    if problems:
        raise DataError(*(f"{file.path}: {problem}" for problem in problems))
    schema = Schema(
        file.path.stem,
        "table",
        (len(names),),
        tuple(scan.column() for scan in columns),
        tuple(scan.target() for scan in targets),
        id=section.id or "",
    )
    needed = list(dict.fromkeys([*names, *section.targets, *(scan.name for scan in beside)]))

    def chunks() -> Iterator[Chunk]:
        for batch in file.batches(needed):
            if len(batch):
                yield _chunk(batch, schema, targets, beside)

    return Reading(schema, chunks, rows)


def _look(file: TableFile, scans: Sequence[Scan]) -> int:
    """Show every cell to the scan of its column; how many rows there are."""
    rows = 0
    if scans:
        batches = file.batches(list(dict.fromkeys(scan.name for scan in scans)))
        for batch in watched(batches, len, f"reading {file.path}"):
            for scan in scans:
                scan.add(batch.column(scan.name))
            rows += len(batch)
    return rows


def _chunk(batch: "pa.RecordBatch", schema: Schema, targets: list[TargetScan], beside: list[RoleScan]) -> Chunk:
    cells = {name: batch.column(name) for name in batch.schema.names}
    rows = encode({name: cells[name] for name in schema.features}, schema.columns, schema.name).rows
    arrays: dict[str, NDArray[Any]] = {scan.role.array: scan.encode(cells[scan.name]) for scan in beside}
    values = [scan.encode(cells[scan.name]) for scan in targets]
    return Chunk(rows, side_by_side(values, schema.targets), **arrays)


def _refuse_unknown(file: TableFile, section: Data) -> None:
    """Names in section `data` that are no columns of the file."""
    named = [("target", name) for name in section.targets]
    named += [(key, name) for key in ROLES if (name := getattr(section, key))]
    named += [("drop", name) for name in section.drop] + [("types", name) for name in section.types]
    wrong = [
        unknown_name(f"{file.path}: data.{key}", name, file.names) for key, name in named if name not in file.names
    ]
    features = set(file.names).difference(section.targets, (getattr(section, key) for key in ROLES))
    wrong += [
        f"{file.path}: data.types: found {name!r}, legal: features only, which it is not"
        for name in section.types
        if name in file.names and name not in features
    ]
    if wrong:
        raise DataError(*wrong)
