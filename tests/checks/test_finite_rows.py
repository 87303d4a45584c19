"""Rows and targets that are not finite, and where the message says they are."""

from dataclasses import replace

import numpy as np
import pytest

from foldproof.data.dataset import Dataset
from tests.checks.subjects import found, subject, table


def with_value(dataset: Dataset, row: int, column: int, value: float) -> Dataset:
    """The same rows with one value put in behind the back of whoever looked at them."""
    features = dataset.features.copy()
    features[row, column] = value
    return replace(dataset, features=features)


def test_finite_rows_pass() -> None:
    assert found("finite_rows", subject(table())).status == "ok"


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_the_row_and_the_column_are_named(value: float) -> None:
    one = subject(table())
    row = int(one.training_rows[7])
    finding = found("finite_rows", replace(one, dataset=with_value(one.dataset, row, 2, value)))
    assert finding.status == "error"
    assert f"1 row ({row})" in finding.sentence
    assert "in x2" in finding.sentence
    assert {"data.source", "preprocess.impute", "data.drop"} == {advice.key for advice in finding.advice}
    assert finding.figures["rows"] == [row]


def test_a_row_outside_the_sample_is_found() -> None:
    one = subject(table(), check={"rows": 20})
    row = int(next(row for row in one.training_rows if row not in one.rows))
    finding = found("finite_rows", replace(one, dataset=with_value(one.dataset, row, 0, np.inf)))
    assert finding.figures["rows"] == [row]


def test_a_missing_number_that_is_imputed_is_healthy() -> None:
    data = table()
    features = data.features.copy()
    features[::7, 1] = np.nan
    columns = tuple(replace(column, missing=column.name == "x1") for column in data.schema.columns)
    data = replace(data, features=features, schema=replace(data.schema, columns=columns))
    assert found("finite_rows", subject(data)).status == "ok"
    one = subject(data)
    finding = found("finite_rows", replace(one, dataset=with_value(data, int(one.training_rows[0]), 3, np.inf)))
    assert "in x3" in finding.sentence
    assert "x1" not in finding.sentence


def test_a_target_that_is_not_finite() -> None:
    data = table()
    targets = np.linspace(0, 1, len(data.targets), dtype=np.float32)
    schema = replace(data.schema, targets=(replace(data.schema.targets[0], task="regression", classes=()),))
    one = subject(replace(data, targets=targets, schema=schema))
    row = int(one.training_rows[3])
    targets = targets.copy()
    targets[row] = np.nan
    finding = found("finite_rows", replace(one, dataset=replace(one.dataset, targets=targets)))
    assert finding.status == "error"
    assert f"the target target of 1 row ({row})" in finding.sentence
    assert [advice.key for advice in finding.advice] == ["data.target"]


def test_what_preprocessing_breaks_is_its_own_fault() -> None:
    one = subject(table())
    scale = one.statistics.learnt["scale"].copy()
    scale[0, 1] = np.nan
    statistics = replace(one.statistics, learnt={**one.statistics.learnt, "scale": scale})
    finding = found("finite_rows", replace(one, statistics=statistics))
    assert "not after preprocessing" in finding.sentence
    assert [advice.key for advice in finding.advice] == ["preprocess.scale"]
