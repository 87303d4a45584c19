"""A column that tells the target by itself."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldproof.checks.leaking_feature import BINS, accuracy_of, quantile_bins, ranges_told, variance_told
from foldproof.config.data import Data
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.sources import load_source
from tests.checks.subjects import draws, found, numbers, subject, table
from tests.training.setting import diabetes, digits

Array = Any


def with_column(data: Dataset, values: Array, place: int = 2) -> Dataset:
    features = data.features.copy()
    features[:, place] = values
    return replace(data, features=features)


LEAKS_OF_CLASSES = {
    "the class": lambda targets: targets,
    "other numbers of classes": lambda targets: np.array([7, -2, 100])[targets],
    "ranges": lambda targets: targets + draws(1).uniform(0, 0.9, len(targets)),
    "ranges in another order": lambda targets: np.array([5, 1, 3])[targets] + draws(1).uniform(0, 0.9, len(targets)),
}
LEAKS_OF_NUMBERS = {
    "the number": lambda targets: targets,
    "in other units": lambda targets: 32 - 1.8 * targets,
    "with a little noise": lambda targets: targets + draws(1).normal(0, 0.02 * targets.std(), len(targets)),
}


@pytest.mark.parametrize("leak", LEAKS_OF_CLASSES.values(), ids=list(LEAKS_OF_CLASSES))
def test_classes_given_away(leak: Any) -> None:
    data = table(600)
    finding = found("leaking_feature", subject(with_column(data, leak(data.targets))))
    assert finding.status == "warning"
    assert finding.figures["labels"][0] == "x2"
    assert [advice.key for advice in finding.advice] == ["data.drop"]
    assert "x2" in finding.advice[0].sentence


@pytest.mark.parametrize("leak", LEAKS_OF_NUMBERS.values(), ids=list(LEAKS_OF_NUMBERS))
def test_numbers_given_away(leak: Any) -> None:
    data = diabetes(442)
    finding = found("leaking_feature", subject(with_column(data, leak(data.targets))))
    assert finding.status == "warning"
    assert finding.figures["values"][0] > 0.995


@pytest.mark.parametrize("source", ["iris", "wine", "breast_cancer", "diabetes"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_real_columns_pass(source: Any, seed: int) -> None:
    one = subject(load_source(Data(source=source)), split={"seed": seed})
    assert found("leaking_feature", one).status == "ok"


def test_a_class_that_is_nearly_all_there_is_needs_more_than_always_naming_it() -> None:
    features, _ = numbers(2000, 4, 0.1, 0)
    rare = np.where(np.arange(2000) % 250 == 0, 1, 0)
    data = describe("rare", features, rare, "classification")
    split = {"folds": 2}
    assert found("leaking_feature", subject(data, split=split)).status == "ok"
    assert found("leaking_feature", subject(with_column(data, rare + 0.0), split=split)).status == "warning"


def test_where_all_targets_are_the_same_nothing_is_given_away() -> None:
    one = subject(table())
    same = replace(one.dataset, targets=np.zeros_like(one.dataset.targets))
    assert found("leaking_feature", replace(one, dataset=same)).status == "not applicable"


def test_a_column_that_names_each_row_tells_nothing() -> None:
    data = table(400)
    codes = np.arange(400)
    columns = list(data.schema.columns)
    columns[2] = replace(columns[2], kind="category", values=tuple(f"row {place}" for place in codes))
    named = replace(with_column(data, codes), schema=replace(data.schema, columns=tuple(columns)))
    assert found("leaking_feature", subject(named)).status == "ok"


ONE_COLUMN = describe("one", np.linspace(0, 1, 300)[:, None], np.arange(300) % 2, "classification")


@pytest.mark.parametrize("data", [digits(), table(60), ONE_COLUMN])
def test_where_it_does_not_apply(data: Dataset) -> None:
    assert found("leaking_feature", subject(data)).status == "not applicable"


@given(values=st.lists(st.integers(-50, 50) | st.just(None), min_size=1, max_size=120))
def test_bins_are_few_in_order_and_equal_values_share_one(values: list[int | None]) -> None:
    column = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    bins = quantile_bins(column)
    assert len(np.unique(bins)) <= BINS
    order = np.argsort(column, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    for value in np.unique(column):
        same = np.isnan(column) if np.isnan(value) else column == value
        assert len(np.unique(bins[same])) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=30))
def test_shares_against_leaving_each_row_out_by_hand(pairs: list[tuple[int, int]]) -> None:
    bins, targets = (np.array(side) for side in zip(*pairs, strict=True))
    right, squares = 0, 0.0
    for row in range(len(bins)):
        others = targets[(bins == bins[row]) & (np.arange(len(bins)) != row)]
        counts = np.bincount(others, minlength=3)
        right += counts[targets[row]] > np.delete(counts, targets[row]).max()
        mean = others.mean() if len(others) else targets.mean()
        squares += (targets[row] - mean) ** 2
    assert accuracy_of(bins, targets, 3) == pytest.approx(right / len(bins))
    total = np.square(targets - targets.mean()).sum()
    expected = 1 - squares / total if total else 0.0
    assert variance_told(bins, targets.astype(np.float64)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "classes", "share"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 1.0),
        ([1, 2, 3, 4, 5], [0, 1, 0, 1, 1], 0.8),  # the row at 2, or the one at 3, is out of place
        ([7, 7, 7, 7, 7], [0, 0, 1, 0, 1], 0.6),  # a constant column tells the largest class
        ([1, 1, 1, 2], [0, 0, 1, 1], 0.75),
    ],
)
def test_ranges_of_classes_by_hand(values: list[float], classes: list[int], share: float) -> None:
    assert ranges_told(np.array(values, dtype=np.float64), np.array(classes), 2) == share


def test_columns_of_few_values_are_not_read_by_the_order_of_the_rows() -> None:
    """Rows sorted by the target, beside which a constant and a coin stand."""
    targets = np.sort(np.random.default_rng(0).normal(size=200))
    other = np.random.default_rng(1)
    columns = np.column_stack([np.ones(200), other.integers(0, 2, 200), other.normal(size=200)])
    assert found("leaking_feature", subject(describe("sorted", columns, targets, "regression"))).status == "ok"
