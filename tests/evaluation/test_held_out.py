"""The test set's intervals where rows are no independent witnesses: of groups, and of equal rows kept together."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.data.splittable import by_value, rows

from foldproof.config.evaluate import Evaluate
from foldproof.config.split import Split as SplitSection
from foldproof.data.dataset import Dataset
from foldproof.data.splits import make_split
from foldproof.evaluation import assessment
from foldproof.evaluation.held_out import FEWEST, HeldOutUnits, score_test_set
from foldproof.evaluation.intervals import bootstrap_interval, wilson
from foldproof.metrics import METRICS, Sequences
from foldproof.reproducibility import seed_of

CLASSES = ("0", "1")


def accuracy(data: Dataset, right: Any, **section: Any) -> assessment.TestScore:
    """Of members that are right on the rows `[N]`."""
    split = make_split(data, SplitSection(folds=2, **section), 0)
    held_out = split.test_rows()
    answers = np.where(right, data.targets, 1 - data.targets)[held_out]
    members = np.stack([np.eye(2, dtype=np.float32)[answers]] * 2)
    tags = Sequences(CLASSES, data.groups)
    found = score_test_set(split, data, members, Evaluate(bootstrap=300), ("accuracy",), tags)
    assert found is not None
    return found.scores["accuracy"]


def of_kinds(kinds: int, number: int = 600) -> Dataset:
    """Rows of so many kinds, all of one kind equal."""
    data = rows(number, classes=2)
    return replace(data, features=np.array(data.features)[np.arange(number) % kinds])


def in_groups(groups: int, number: int = 600) -> Dataset:
    return rows(number, classes=2, groups=np.arange(number) * groups // number)


@pytest.mark.parametrize(("make", "unit"), [(of_kinds, "different rows"), (in_groups, "groups")])
def test_all_right_is_wilsons_interval_over_units(make: Any, unit: str) -> None:
    data = make(60)
    held_out = make_split(data, SplitSection(folds=2), 0).test_rows()
    labels = by_value(data) if data.groups is None else data.groups
    units = len(np.unique(labels[held_out]))
    assert FEWEST <= units < len(held_out)
    found, none = accuracy(data, np.ones(600, dtype=bool)), accuracy(data, np.zeros(600, dtype=bool))
    assert (found.low, found.high) == (wilson(units, units, 0.95).low, 1.0)
    assert (none.low, none.high) == (0.0, wilson(0, units, 0.95).high)
    assert found.method == none.method == f"Wilson over {units} {unit}"


@pytest.mark.parametrize("make", [of_kinds, in_groups])
def test_of_few_units_no_interval_is_told_but_why(make: Any) -> None:
    data = make(20)
    labels = by_value(data) if data.groups is None else np.unique(data.groups, return_inverse=True)[1]
    data = replace(data, given_test=labels < FEWEST - 1)
    for right in (np.ones(600, dtype=bool), np.arange(600) % 10 < 7):
        found = accuracy(data, right)
        assert (found.low, found.high) == (None, None)
        assert "an interval needs 5" in found.method


def test_units_that_are_all_alike_are_not_all_right() -> None:
    """Seven of ten rows of each group are right, so that each draw of groups scores 0.7."""
    found = accuracy(in_groups(60), np.arange(600) % 10 < 7)
    assert found.ensemble == pytest.approx(0.7)
    assert (found.low, found.method) == (None, "none: every draw scores the same")


def test_equal_rows_are_drawn_together() -> None:
    """Right or wrong by kind: rows of a kind tell as much as one of them."""
    data = of_kinds(100)
    right = by_value(data) % 3 > 0
    together, apart = (accuracy(data, right, duplicates=how) for how in ("together", "separate"))
    assert together.method == "bootstrap over different rows, 300 draws"
    assert apart.method == "bootstrap over rows, 300 draws"
    widths = [one.high - one.low for one in (together, apart) if one.high is not None and one.low is not None]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(6), rel=0.35)


def test_without_copies_and_groups_it_is_the_bootstrap_over_rows() -> None:
    data = rows(300, classes=2)
    right = np.arange(300) % 4 > 0
    split = make_split(data, SplitSection(folds=2), 0)
    assert HeldOutUnits.of(split, data).of_row is None
    targets = data.targets[split.test_rows()]
    predicted = np.eye(2, dtype=np.float32)[np.where(right, data.targets, 1 - data.targets)[split.test_rows()]]
    score = METRICS["accuracy"].on(Sequences(CLASSES, None)).of_draws
    expected = bootstrap_interval(score, targets, predicted, 300, 0.95, seed_of("bootstrap", 0))
    found = accuracy(data, right)
    assert expected is not None
    assert (found.low, found.high, found.method) == (expected.low, expected.high, expected.method)


def test_groups_that_share_an_equal_row_are_one_unit_and_by_time_equal_rows_are_not_joined() -> None:
    data = in_groups(60)
    features = np.array(data.features)
    features[[11, 595]] = features[3]
    data = replace(data, features=features, given_test=np.isin(np.arange(600) // 10, (0, 1, 2, 3, 4, 5, 59)))
    split = make_split(data, SplitSection(folds=2), 0)
    assert HeldOutUnits.of(split, data).count == 5
    timed = replace(data, times=np.arange(600.0), given_test=np.arange(600) >= 540)
    units = HeldOutUnits.of(make_split(timed, SplitSection(folds=2), 0), timed)
    assert (units.count, units.name) == (6, "groups")
