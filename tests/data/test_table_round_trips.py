"""Tables survive their way through a file: bundled data written as CSV is the same data, and so is any typed table."""

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldproof.config.data import Data
from foldproof.data.encoding import MISSING, WORDS, decode, encode_frame
from foldproof.data.sources import load_source
from tests.data.tables import parquet, table

CELLS: dict[str, st.SearchStrategy[Any]] = {
    "number": st.floats(-1e6, 1e6, width=32).map(float),
    "boolean": st.booleans(),
    "date": st.dates(),
    "category": st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=6)
    .map(lambda text: f"{text}x")
    .filter(lambda text: text not in MISSING and text.lower() not in WORDS),
}


@contextmanager
def working_in_an_empty_folder() -> Iterator[None]:
    """As pytest's fixture, but one an example."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, str], pd.DataFrame]:
    """Kinds of columns by name, and a table of them with a target; some cells are missing, in the first row none."""
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    rows = draw(st.integers(2, 12))
    columns: dict[str, list[Any]] = {}
    for place, kind in enumerate(kinds):
        cell = CELLS[kind]
        columns[f"{kind} {place}"] = [draw(cell), *(draw(st.none() | cell) for _ in range(rows - 1))]
    columns["y"] = ["ab"[row % 2] for row in range(rows)]
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    return {name: name.split()[0] for name in columns if name != "y"}, frame


def expected(kind: str, cell: Any, values: tuple[str, ...]) -> float:
    """What a cell is as a raw value, found without the code under test."""
    if cell is None:
        return math.nan
    if kind == "date":
        return float(np.float32(cell.toordinal() - 719_163))  # the ordinal of 1970-01-01
    return float(values.index(cell)) if kind == "category" else float(np.float32(cell))


@settings(max_examples=30, deadline=None)
@given(tables())
def test_any_typed_table_comes_through_csv_and_parquet(made: tuple[dict[str, str], pd.DataFrame]) -> None:
    kinds, frame = made
    with working_in_an_empty_folder():
        written = frame.map(lambda cell: str(cell).lower() if isinstance(cell, bool) else cell)
        found = {"csv": table(written.to_csv(index=False)), "parquet": parquet(frame)}
    for dataset in found.values():
        assert {one.name: one.kind for one in dataset.schema.columns} == kinds
        for place, column in enumerate(dataset.schema.columns):
            cells = frame[column.name].tolist()
            assert column.missing == any(cell is None for cell in cells)
            if column.kind == "category":
                assert column.values == tuple(sorted({cell for cell in cells if cell is not None}))
            wanted = [expected(column.kind, cell, column.values) for cell in cells]
            np.testing.assert_array_equal(dataset.features[:, place], np.array(wanted, dtype=np.float32))
        decoded = decode(dataset.features, dataset.schema.columns)
        again = encode_frame(decoded, dataset.schema.columns)
        np.testing.assert_array_equal(again.rows, dataset.features)
        assert not again.unseen
    np.testing.assert_array_equal(found["csv"].features, found["parquet"].features)


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes"])
def test_bundled_data_written_to_a_file_is_the_same_data(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sklearn.datasets

    monkeypatch.chdir(tmp_path)
    frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame.rename(columns={"target": "y"})
    bundled = load_source(Data.model_validate({"source": name}))
    for dataset in (table(frame.to_csv(index=False)), parquet(frame)):
        assert np.array_equal(dataset.features, bundled.features)
        assert np.array_equal(dataset.targets, bundled.targets)
        assert dataset.features.dtype == bundled.features.dtype
        assert dataset.targets.dtype == bundled.targets.dtype
        assert dataset.schema.columns == bundled.schema.columns
        assert dataset.schema.task == bundled.schema.task
