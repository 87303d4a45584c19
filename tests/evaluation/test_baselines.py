"""Baselines against scikit-learn used by hand, and the rows that they may see."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import StandardScaler
from tests.evaluation.stand_in import digits_assessment, digits_run

from foldproof.data.splits import Role
from foldproof.evaluation import baselines
from foldproof.evaluation.baselines import BASELINES, predict

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


def test_not_converging_is_told_and_not_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "MOST_ITERATIONS", 2)
    cancer = load_breast_cancer()
    logistic = BASELINES["classification"][1]
    assert not predict(logistic, cancer.data, cancer.target, 2, np.arange(400), np.arange(400, 569)).converged
