"""Baselines against scikit-learn used by hand, and the rows that they may see."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler
from tests.data.transforms.tables import COLUMNS, NUMBERS, mixed, numbers
from tests.evaluation.stand_in import Run, diabetes_assessment, diabetes_run, digits_assessment, digits_run

from foldproof.data.splits import Role
from foldproof.evaluation import baselines
from foldproof.evaluation.baselines import BASELINES, Baseline, predict

Rows = NDArray[np.int64]
EVERY = [(task, one) for task, table in BASELINES.items() for one in table]
BY_NAME = {f"{task}: {one.name}": (task, one) for task, one in EVERY}


@pytest.mark.parametrize("name", BY_NAME)
def test_rows_that_are_not_fitted_are_not_looked_at(name: str) -> None:
    task, baseline = BY_NAME[name]
    bunch = load_breast_cancer() if task == "classification" else load_diabetes()
    classes = 2 if task == "classification" else 0
    fitted, scored = np.arange(0, 200), np.arange(200, 300)
    before = predict(baseline, bunch.data, bunch.target, classes, fitted, scored).predictions
    garbage, wrong = bunch.data.copy(), bunch.target.copy()
    garbage[300:] = 1e6
    wrong[200:] = 0
    after = predict(baseline, garbage, wrong, classes, fitted, scored).predictions
    np.testing.assert_array_equal(before, after)
    assert before.shape == ((100, 2) if classes else (100,))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_handful_of_rows_is_enough(name: str) -> None:
    task, baseline = BY_NAME[name]
    features = np.array([[0.0], [1.0], [2.0]])
    targets = np.array([0, 1, 1]) if task == "classification" else np.array([0.0, 1.0, 1.5])
    found = predict(baseline, features, targets, 2 if task == "classification" else 0, np.arange(3), np.arange(3))
    assert np.isfinite(found.predictions).all()
    assert found.converged


def test_logistic_and_ridge_regression_equal_scikit_learn_by_hand() -> None:
    cancer = load_breast_cancer()
    fitted, scored = np.arange(0, 400), np.arange(400, 569)
    scaler = StandardScaler().fit(cancer.data[fitted])
    model = LogisticRegression(max_iter=2000).fit(scaler.transform(cancer.data[fitted]), cancer.target[fitted])
    found = predict(BASELINES["classification"][1], cancer.data, cancer.target, 2, fitted, scored)
    np.testing.assert_allclose(found.predictions, model.predict_proba(scaler.transform(cancer.data[scored])))

    diabetes = load_diabetes()
    fitted, scored = np.arange(0, 300), np.arange(300, 442)
    scaler = StandardScaler().fit(diabetes.data[fitted])
    ridge = Ridge().fit(scaler.transform(diabetes.data[fitted]), diabetes.target[fitted])
    value = predict(BASELINES["regression"][1], diabetes.data, diabetes.target, 0, fitted, scored).predictions
    np.testing.assert_allclose(value, ridge.predict(scaler.transform(diabetes.data[scored])))
    assert 0.4 < r2_score(diabetes.target[scored], value) < 0.6


def test_digits_are_as_good_as_is_known() -> None:
    """Known of digits: logistic regression about 0.969, nearest neighbours 0.97 to 0.988."""
    by_name = {one.name: one for one in digits_assessment().baselines}
    assert by_name["logistic_regression"].scores["accuracy"].mean == pytest.approx(0.965, abs=0.012)
    assert by_name["nearest_neighbours"].scores["accuracy"].mean == pytest.approx(0.975, abs=0.012)
    assert by_name["majority_class"].scores["accuracy"].mean == pytest.approx(0.1, abs=0.02)
    assert all(one.converged for one in by_name.values())


def test_they_are_fitted_on_the_whole_training_part() -> None:
    run, assessed = digits_run(), digits_assessment()
    split, data = run.split, run.dataset
    fitted = np.flatnonzero(np.isin(split.roles[2], (Role.TRAINING, Role.INNER_VALIDATION)))
    scored = np.flatnonzero(split.roles[2] == Role.SCORED)
    flat = data.features.reshape(len(data.features), -1).astype(float)
    scaler = StandardScaler().fit(flat[fitted])
    model = LogisticRegression(max_iter=2000).fit(scaler.transform(flat[fitted]), data.targets[fitted])
    expected = accuracy_score(data.targets[scored], model.predict(scaler.transform(flat[scored])))
    assert assessed.baselines[1].scores["accuracy"].values[2] == pytest.approx(expected)


def test_a_class_that_is_not_fitted_gets_no_probability() -> None:
    features, targets = np.arange(12.0)[:, None], np.array([0, 2] * 6)
    for baseline in BASELINES["classification"]:
        found = predict(baseline, features, targets, 4, np.arange(8), np.arange(8, 12)).predictions
        assert found.shape == (4, 4)
        assert (found[:, [1, 3]] == 0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("baseline", BASELINES["classification"], ids=lambda one: one.name)
def test_a_training_part_of_one_class_predicts_that_class(baseline: Baseline) -> None:
    features, targets = np.arange(12.0)[:, None], np.array([1] * 8 + [0, 2] * 2)
    found = predict(baseline, features, targets, 3, np.arange(8), np.arange(8, 12))
    np.testing.assert_array_equal(found.predictions, [[0, 1, 0]] * 4)
    assert found.converged


@pytest.mark.parametrize("baseline", BASELINES["regression"], ids=lambda one: one.name)
def test_values_are_fitted_in_double_precision(baseline: Baseline) -> None:
    """Targets come as float32, whose sums over thousands of large values would lose the digits that matter."""
    draws = np.random.Generator(np.random.Philox(0))
    features = draws.normal(size=(3000, 2))
    targets = (2.0**22 + draws.integers(0, 8, 3000) / 2).astype(np.float32)
    fitted, scored = np.arange(2900), np.arange(2900, 3000)
    single = predict(baseline, features, targets, 0, fitted, scored).predictions
    double = predict(baseline, features, targets.astype(np.float64), 0, fitted, scored).predictions
    np.testing.assert_array_equal(single, double)
    if baseline.trivial:
        assert single[0] == pytest.approx(targets[fitted].astype(np.float64).mean(), rel=1e-15)


def by_hand(model: Any, run: Run, fitted: Rows, scored: Rows) -> Any:
    """What scikit-learn alone predicts for `scored`, given `fitted`."""
    data = run.dataset
    flat = data.features.reshape(len(data.features), -1).astype(np.float64)
    scaler = StandardScaler().fit(flat[fitted])
    return model.fit(scaler.transform(flat[fitted]), data.targets[fitted]).predict(scaler.transform(flat[scored]))


def test_on_the_test_set_they_are_fitted_on_all_other_rows_and_no_more() -> None:
    run, test = digits_run(), digits_run().split.test_rows()
    rest = np.setdiff1d(np.arange(len(run.dataset.targets)), test)
    models = (LogisticRegression(max_iter=2000), KNeighborsClassifier(5))
    for model, baseline in zip(models, digits_assessment().baselines[1:], strict=True):
        assert baseline.test is not None
        expected = accuracy_score(run.dataset.targets[test], by_hand(model, run, rest, test))
        assert baseline.test["accuracy"] == pytest.approx(expected, abs=1e-12)

    run, test = diabetes_run(), diabetes_run().split.test_rows()
    rest = np.setdiff1d(np.arange(len(run.dataset.targets)), test)
    values = (DummyRegressor(), Ridge(), KNeighborsRegressor(5))
    for regressor, baseline in zip(values, diabetes_assessment().baselines, strict=True):
        assert baseline.test is not None
        expected = r2_score(run.dataset.targets[test], by_hand(regressor, run, rest, test))
        assert baseline.test["r2"] == pytest.approx(expected, rel=1e-5)
        seen = r2_score(run.dataset.targets[test], by_hand(regressor, run, np.arange(len(run.dataset.targets)), test))
        assert seen != pytest.approx(expected, rel=1e-3)  # had it been fitted on the test rows too


@pytest.mark.parametrize("make", [digits_run, diabetes_run])
def test_poisoned_test_rows_change_no_fitted_baseline(make: Callable[[], Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fit of a whole assessment is asked for the same rows again, with the test rows' targets spoiled."""
    module = import_module("foldproof.evaluation.assess")  # the package's own name `assess` is the function
    run = make()
    test = run.split.test_rows()
    found: list[list[Any]] = [[], []]

    def noted(into: list[Any]) -> Callable[..., Any]:
        def instead(*arguments: Any) -> Any:
            into.append(predict(*arguments))
            return into[-1]

        return instead

    monkeypatch.setattr(module, "predict", noted(found[0]))
    run.assess()
    targets = run.dataset.targets.copy()
    targets[test] = targets[test][::-1] if run.dataset.schema.classes else targets[test] + 1000
    monkeypatch.setattr(module, "predict", noted(found[1]))
    run.assess(dataset=replace(run.dataset, targets=targets))
    assert len(found[0]) == len(found[1]) == 3 * (len(run.split.members) + 1)
    for before, after in zip(*found, strict=True):
        np.testing.assert_array_equal(before.predictions, after.predictions)


def test_not_converging_is_told_and_not_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "MOST_ITERATIONS", 2)
    cancer = load_breast_cancer()
    logistic = BASELINES["classification"][1]
    assert not predict(logistic, cancer.data, cancer.target, 2, np.arange(400), np.arange(400, 569)).converged


def test_categories_and_missing_numbers_are_encoded_and_filled_from_the_fitted_rows() -> None:
    """The oracle: means, deviations and zeros and ones by numpy, and the same estimator on them."""
    dataset = mixed()
    raw = np.asarray(dataset.features, dtype=np.float64)
    fitted, scored = np.arange(0, 200), np.arange(200, 240)
    filled = np.where(np.isnan(raw), np.nanmean(raw[fitted], axis=0), raw)[:, NUMBERS]
    deviation = filled[fitted].std(axis=0)
    scaled = (filled - filled[fitted].mean(axis=0)) / np.where(deviation == 0, 1, deviation)
    one_hot = [raw[:, [place]] == np.arange(len(COLUMNS[place].values)) for place in (1, 4)]
    inputs = np.concatenate([scaled, *one_hot], axis=1)
    oracle = LogisticRegression(max_iter=2000).fit(inputs[fitted], dataset.targets[fitted])
    for baseline in BASELINES["classification"]:
        found = predict(baseline, raw, dataset.targets, 2, fitted, scored, COLUMNS)
        assert np.isfinite(found.predictions).all()
        if baseline.name == "logistic_regression":
            np.testing.assert_allclose(found.predictions, oracle.predict_proba(inputs[scored]), atol=1e-6)


def test_missing_numbers_alone_are_filled_too() -> None:
    dataset = numbers(missing=0.2)
    rows = np.arange(len(dataset.features))
    for baseline in BASELINES["classification"]:
        found = predict(baseline, dataset.features, dataset.targets, 2, rows[:200], rows[200:], dataset.schema.columns)
        np.testing.assert_allclose(found.predictions.sum(axis=1), 1)
