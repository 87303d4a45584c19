"""A CSV file with a header: one column is the target, every other one a number."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, describe
from foldproof.errors import DataError, unknown_name

if TYPE_CHECKING:
    import pandas as pd


def load_csv(section: Data) -> Dataset:
    """Read `data.path`; raises DataError naming each column and line that is not a finite number."""
    assert section.path is not None
    assert isinstance(section.target, str)
    path = Path(section.path)
    table = read_table(path)
    if section.target not in table.columns:
        raise DataError(unknown_name(f"{path}: data.target", section.target, map(str, table.columns)))
    features = table.drop(columns=section.target)
    problems = [problem for name in features.columns for problem in _column_problems(features[name], path)]
    if table[section.target].isna().any():
        problems.append(f"{path}: target {section.target!r} is empty in {_lines(table[section.target].isna())}")
    if features.shape[1] == 0:
        problems.append(f"{path}: no column beside the target {section.target!r}")
    if problems:
        raise DataError(*problems)
    target = table[section.target].to_numpy()
    if not np.issubdtype(target.dtype, np.number) and target.dtype != bool:
        target = target.astype(str)
    names = tuple(map(str, features.columns))
    return describe(
        path.stem, features.to_numpy(np.float64), target, section.task, feature_names=names, target=section.target
    )


def read_table(path: Path) -> "pd.DataFrame":
    """A CSV file as it stands: only empty cells are missing, no line is skipped, no column becomes an index."""
    import csv

    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
            widest = max((len(line) for line in csv.reader(stream)), default=0)
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise DataError(f"{path}: the header names {', '.join(map(repr, twice))} more than once")
        if widest > len(header):
            raise DataError(f"{path}: some lines have {widest} cells, the header has {len(header)}; name every column")
        return pd.read_csv(
            path, encoding="utf-8-sig", keep_default_na=False, na_values=[""], skip_blank_lines=False, index_col=False
        )
    except FileNotFoundError:
        raise DataError(f"{path}: no such file (paths are relative to the project's root)") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV file: {error}") from None


def _column_problems(column: "pd.Series[Any]", path: Path) -> list[str]:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() & column.notna() & (column.astype(str).str.strip().str.lower() != "nan")
    where = f"{path}: column {column.name!r}"
    problems: list[str] = []
    if wrong.any():
        first = column[wrong].iloc[0]
        problems.append(
            f"{where}: not a number in {_lines(wrong)}, such as {first!r}; encode it as numbers or remove it"
        )
    bad = ~np.isfinite(numbers.to_numpy(np.float64)) & ~wrong.to_numpy()
    if bad.any():
        problems.append(f"{where}: missing or infinite in {_lines(bad)}; fill or drop these rows")
    return problems


def _lines(bad: object) -> str:
    lines = np.flatnonzero(np.asarray(bad)) + 2  # the header is line 1
    listed = ", ".join(map(str, lines[:8])) + (", ..." if len(lines) > 8 else "")
    return f"{len(lines)} line{'s' if len(lines) > 1 else ''} ({listed})"
