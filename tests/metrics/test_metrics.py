"""The contract that every row of the metrics table keeps, and the value of each against scikit-learn."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as oracle

from foldproof.errors import FoldproofError
from foldproof.metrics import METRICS as TABLE
from foldproof.metrics import Sequences, names_for, primary

Pair = tuple[NDArray[Any], NDArray[Any]]

CLASSES = ("O", "B-X", "I-X", "B-Y", *(f"B-{number}" for number in range(5)))
METRICS = {name: metric.on(Sequences(CLASSES)) for name, metric in TABLE.items()}
"""Every row of the table; of tags each row is a sequence of its own here, tests/metrics/test_entities.py has others."""


def entities_of_single_tokens(targets: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Micro F1 over all types: a sequence of one token is one entity, or none."""
    types = np.array([name.removeprefix("B-").removeprefix("I-") for name in CLASSES])
    actual, predicted = types[targets], types[most_probable(predictions)]
    kinds = [name for name in np.unique(types) if name != "O"]
    return float(oracle.f1_score(actual, predicted, labels=kinds, average="micro", zero_division=1.0))


def classified(rows: int = 60, classes: int = 4, seed: int = 0) -> Pair:
    draws = np.random.Generator(np.random.Philox(seed))
    scores = np.exp(draws.normal(size=(rows, classes)))
    return draws.integers(0, classes, rows), scores / scores.sum(axis=1, keepdims=True)


def valued(rows: int = 60, seed: int = 0) -> Pair:
    draws = np.random.Generator(np.random.Philox(seed))
    targets = draws.normal(100.0, 15.0, rows)
    return targets, targets + draws.normal(0.0, 5.0, rows)


def some(task: str) -> Pair:
    return classified() if task == "classification" else valued()


def perfect(task: str) -> Pair:
    targets, predictions = some(task)
    if task == "classification":
        return targets, np.eye(predictions.shape[1])[targets.astype(np.int64)]
    return targets, targets.copy()


def most_probable(predictions: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(predictions.argmax(axis=1))


def sklearn_balanced_accuracy(targets: NDArray[Any], predictions: NDArray[Any]) -> float:
    with warnings.catch_warnings():  # it warns of predicted classes that no target has, which is the case under test
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
        return float(oracle.balanced_accuracy_score(targets, most_probable(predictions)))


ORACLES: dict[str, Callable[[NDArray[Any], NDArray[Any]], float]] = {
    "entity_f1": entities_of_single_tokens,
    "accuracy": lambda t, p: oracle.accuracy_score(t, most_probable(p)),
    "balanced_accuracy": sklearn_balanced_accuracy,
    "macro_f1": lambda t, p: oracle.f1_score(t, most_probable(p), average="macro"),
    "log_loss": lambda t, p: oracle.log_loss(t, p, labels=range(p.shape[1])),
    "brier": lambda t, p: oracle.brier_score_loss(t, p, labels=range(p.shape[1]), scale_by_half=False),
    "r2": oracle.r2_score,
    "rmse": oracle.root_mean_squared_error,
    "mae": oracle.mean_absolute_error,
}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_learn(name: str, seed: int) -> None:
    metric = METRICS[name]
    targets, predictions = classified(seed=seed) if metric.task == "classification" else valued(seed=seed)
    assert metric.function(targets, predictions) == pytest.approx(ORACLES[name](targets, predictions), rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("rows", [1, 4, 60])
@pytest.mark.parametrize("seed", range(5))
def test_of_many_draws_it_gives_what_it_gives_of_each(name: str, rows: int, seed: int) -> None:
    """Of four rows many draws lack classes, and many hold one row four times."""
    metric = METRICS[name]
    targets, predictions = classified(rows, 4, seed) if metric.task == "classification" else valued(rows, seed)
    draws = np.random.Generator(np.random.Philox(seed)).integers(0, rows, size=(40, rows))
    each = [metric.function(targets[drawn], predictions[drawn]) for drawn in draws]
    np.testing.assert_allclose(metric.of_draws(targets, predictions, draws), each, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_every_draw_of_perfect_predictions_scores_the_same(name: str) -> None:
    """The bootstrap gives no interval then, and must find so exactly."""
    targets, predictions = perfect(METRICS[name].task)
    draws = np.random.Generator(np.random.Philox(0)).integers(0, len(targets), size=(200, len(targets)))
    assert set(METRICS[name].of_draws(targets, predictions, draws)) == {METRICS[name].best}


@pytest.mark.parametrize("name", names_for("classification"))
@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_learn_where_classes_are_missing(name: str, seed: int) -> None:
    targets, predictions = classified(rows=6, classes=9, seed=seed)
    assert METRICS[name].function(targets, predictions) == pytest.approx(ORACLES[name](targets, predictions))


@pytest.mark.parametrize("name", METRICS)
class TestContract:
    """Holds for every row of the table, also for those to come."""

    def test_has_an_oracle_and_its_own_name(self, name: str) -> None:
        assert name in ORACLES
        assert METRICS[name].name == name
        assert METRICS[name].label

    def test_perfect_predictions_score_the_best_value(self, name: str) -> None:
        metric = METRICS[name]
        assert metric.function(*perfect(metric.task)) == pytest.approx(metric.best, abs=1e-12)

    def test_imperfect_predictions_score_worse_and_within_the_range(self, name: str) -> None:
        metric = METRICS[name]
        score = metric.function(*some(metric.task))
        assert metric.lowest <= score <= metric.highest
        assert score < metric.best if metric.higher_is_better else score > metric.best

    def test_is_a_python_float_and_leaves_its_arguments_alone(self, name: str) -> None:
        metric = METRICS[name]
        targets, predictions = some(metric.task)
        before = targets.copy(), predictions.copy()
        assert type(metric.function(targets, predictions)) is float
        np.testing.assert_array_equal(targets, before[0])
        np.testing.assert_array_equal(predictions, before[1])

    def test_does_not_depend_on_the_order_of_rows(self, name: str) -> None:
        metric = METRICS[name]
        targets, predictions = some(metric.task)
        turned = metric.function(targets[::-1], predictions[::-1])
        assert turned == pytest.approx(metric.function(targets, predictions), rel=1e-12)

    def test_takes_single_precision(self, name: str) -> None:
        metric = METRICS[name]
        targets, predictions = some(metric.task)
        single = metric.function(targets, predictions.astype(np.float32))
        assert single == pytest.approx(metric.function(targets, predictions), rel=1e-4)

    def test_refuses_to_broadcast(self, name: str) -> None:
        metric = METRICS[name]
        targets, predictions = some(metric.task)
        for wrong in (targets[:, None], targets[:1], targets[:-1]):
            with pytest.raises(ValueError, match="shape"):
                metric.function(wrong, predictions)

    def test_refuses_no_rows_and_values_that_are_not_finite(self, name: str) -> None:
        metric = METRICS[name]
        targets, predictions = some(metric.task)
        with pytest.raises(ValueError, match="no rows"):
            metric.function(targets[:0], predictions[:0])
        broken = predictions.copy()
        broken[3] = np.nan
        with pytest.raises(ValueError, match="finite"):
            metric.function(targets, broken)


def test_probabilities_must_be_probabilities() -> None:
    targets, predictions = classified()
    for wrong in (predictions * 2, predictions - 0.5):
        with pytest.raises(ValueError, match="probabilities"):
            METRICS["accuracy"].function(targets, wrong)
    with pytest.raises(ValueError, match=r"legal: 0\.\.3"):
        METRICS["accuracy"].function(targets + 1, predictions)
    with pytest.raises(ValueError, match="integers"):
        METRICS["accuracy"].function(targets.astype(np.float64), predictions)


def test_a_certain_error_costs_much_but_not_everything() -> None:
    loss = METRICS["log_loss"].function(np.array([0]), np.array([[0.0, 1.0]]))
    assert loss == pytest.approx(52 * np.log(2))  # -ln of 2**-52, the smallest probability that counts


def test_r2_of_constant_targets() -> None:
    constant = np.full(4, 7.0)
    assert METRICS["r2"].function(constant, constant) == 1.0
    assert METRICS["r2"].function(constant, constant + 1) == 0.0


def test_fair_and_loaded_dice() -> None:
    """The cross-entropy of a fair die against a loaded one, from the lecture notes: 2.0343 nats."""
    loaded = np.tile([0.5, 0.1, 0.1, 0.1, 0.1, 0.1], (6, 1))
    assert METRICS["log_loss"].function(np.arange(6), loaded) == pytest.approx(2.0343, abs=5e-5)


def test_primary_and_names() -> None:
    assert primary("classification") == "accuracy"
    assert primary("regression") == "r2"
    assert primary("classification", "macro_f1") == "macro_f1"
    assert set(names_for("classification", CLASSES)) | set(names_for("regression")) == set(METRICS)
    with pytest.raises(FoldproofError, match=r"rmse.*accuracy"):
        primary("classification", "rmse")
    with pytest.raises(FoldproofError, match="did you mean 'regression'"):
        names_for("regresion")
