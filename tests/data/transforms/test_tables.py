"""What stands beside the numbers of a table: indicators, zeros and ones, codes; and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from foldproof.config.augment import Augment
from foldproof.config.preprocess import Preprocess
from foldproof.data.augmentation import measured, strengths
from foldproof.data.preprocessing import preprocessing_of
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError
from tests.data.transforms.tables import COLOURS, NUMBERS, TOWNS, fitted, mixed, numbers, seen_by, with_features
from tests.training.setting import digits

DATASET = mixed()
COLOUR, TOWN, AGE = 1, 4, 2
ROWS = np.arange(len(DATASET.features))


def test_numbers_indicators_zeros_and_ones_and_codes_stand_in_this_order() -> None:
    statistics, split = fitted(DATASET, missing_indicator=True)
    found = seen_by(statistics, DATASET, ROWS, 0)
    raw = np.asarray(DATASET.features, dtype=np.float64)
    training = raw[split.rows(0, Role.TRAINING)]
    assert statistics.preprocessing.inputs.shape == (5 + 1 + 3 + 1,)
    assert statistics.preprocessing.inputs.coded == (len(TOWNS) + 1,)
    income = (raw[:, 0] - training[:, 0].mean()) / training[:, 0].std()
    np.testing.assert_allclose(found[:, 0], income, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found[:, 5], np.isnan(raw[:, AGE]))
    np.testing.assert_array_equal(found[:, 6:9], raw[:, [COLOUR]] == np.arange(3))
    known = np.isin(raw[:, TOWN], training[:, TOWN]) & (raw[:, TOWN] >= 0)
    np.testing.assert_array_equal(found[:, 9], np.where(known, raw[:, TOWN], len(TOWNS)))


@pytest.mark.parametrize(
    ("how", "one_hot", "coded"),
    [("auto", [COLOURS], [TOWNS]), ("one_hot", [COLOURS, TOWNS], []), ("embed", [], [COLOURS, TOWNS])],
)
def test_categories_are_zeros_and_ones_or_codes_as_asked(how: str, one_hot: list[Any], coded: list[Any]) -> None:
    inputs = preprocessing_of(Preprocess.model_validate({"categories": how}), DATASET.schema).inputs
    assert inputs.shape == (len(NUMBERS) + sum(map(len, one_hot)) + len(coded),)
    assert inputs.coded == tuple(len(values) + 1 for values in coded)


def test_a_value_that_no_training_row_has_is_unknown_to_the_member_alone() -> None:
    """Town 3 and red occur in one row each, which one member trains on and another does not."""
    features = np.array(DATASET.features)
    features[features[:, TOWN] == 3, TOWN] = 4
    features[features[:, COLOUR] == 0, COLOUR] = 1
    _, split = fitted(DATASET)
    row = int(np.flatnonzero((split.roles[0] == Role.TRAINING) & (split.roles[1] == Role.SCORED))[0])
    features[row, TOWN], features[row, COLOUR] = 3, 0
    dataset = with_features(DATASET, features)
    statistics, dealt = fitted(dataset)
    for member in range(3):
        seen = dealt.roles[member, row] == Role.TRAINING
        given = seen_by(statistics, dataset, np.array([row]), member)[0]
        assert given[-1] == (3 if seen else len(TOWNS))
        assert given[5] == float(seen)


def test_a_column_that_no_training_row_fills_is_0_whatever_comes() -> None:
    dataset = numbers(missing=0.1)
    features = np.array(dataset.features)
    features[:, 1] = np.nan
    empty = with_features(dataset, features)
    for section in (
        {},
        {"impute": "median"},
        {"impute": "most_frequent", "scaler": "min_max"},
        {"power": "yeo_johnson"},
    ):
        statistics, _ = fitted(empty, **section)
        assert not seen_by(statistics, empty, np.arange(20), 0)[:, 1].any()
        assert not seen_by(statistics, dataset, np.arange(20), 0)[:, 1].any()


def test_a_column_never_missing_in_training_rows_has_no_indicator() -> None:
    features = np.array(numbers().features)
    _, split = fitted(numbers())
    features[split.rows(0, Role.SCORED), 2] = np.nan
    dataset = with_features(numbers(), features)
    statistics = fit_statistics(dataset, split, Preprocess(missing_indicator=True))
    assert statistics.learnt["indicator"].tolist() == [[0.0], [1.0], [1.0]]
    assert not seen_by(statistics, dataset, np.arange(50), 0)[:, 5].any()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"whiten": "zca", "pca": 2}, r"preprocess.whiten: found zca, legal with preprocess.pca 2: none, pca"),
        ({"pca": 6}, r"preprocess.pca: found 6, legal: at most 5"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_is_legal(section: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        preprocessing_of(Preprocess.model_validate(section), numbers().schema)


def test_a_covariance_that_no_memory_holds_is_refused() -> None:
    large = replace(digits(30).schema, shape=(3, 224, 224))
    with pytest.raises(ConfigError) as refused:
        preprocessing_of(Preprocess(whiten="pca", pca=0.9), large)
    assert [problem.split(":")[0] for problem in refused.value.problems] == ["preprocess.pca", "preprocess.whiten"]


def test_changes_of_numbers_leave_categories_alone_or_make_them_unknown() -> None:
    found = measured(["feature_noise", "feature_dropout"], DATASET, [ROWS])
    raw = np.asarray(DATASET.features, dtype=np.float64)
    np.testing.assert_allclose(found["mean"][0, NUMBERS], np.nanmean(raw[:, NUMBERS], axis=0))
    np.testing.assert_allclose(found["deviation"][0, [0, 2, 3, 5]], np.nanstd(raw[:, [0, 2, 3, 5]], axis=0))
    assert found["mean"][0, [COLOUR, TOWN]].tolist() == [-1, -1]
    assert found["deviation"][0, [COLOUR, TOWN]].tolist() == [0, 0]


@pytest.mark.parametrize("name", ["mixup", "noise"])
def test_what_is_made_for_numbers_is_refused_where_there_are_categories(name: str) -> None:
    section = Augment.model_validate({name: 0.3})
    with pytest.raises(ConfigError, match=rf"augment.{name}: found 0.3, legal: 0 for tables with categories"):
        strengths(section, DATASET.schema)
    assert strengths(section, numbers().schema) == {name: 0.3}
