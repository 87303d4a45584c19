"""What a network must beat: scikit-learn's simplest predictors, on exactly the same rows.

A baseline needs no inner validation, so it is fitted on a member's whole training part (training and
inner-validation rows) and scored on the member's scored rows. Features are flattened, and standardised on
the rows that are fitted; where some are missing, the mean of these rows stands in for them, and a category is a 0 or 1
for each value, all 0 where it is unknown or missing.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Column

NEIGHBOURS = 5
MOST_ITERATIONS = 2000  # L-BFGS on standardised digits needs about 40; wide, separable tables need hundreds


@dataclass(frozen=True)
class Baseline:
    """A row of the table: what it is called and `build(training rows)`, an unfitted estimator."""

    name: str
    label: str
    build: Callable[[int], Any]
    trivial: bool = False  # ignores the features: what is not better than this has learnt nothing


@dataclass(frozen=True)
class BaselinePrediction:
    """Probabilities `[n, C]` or values `[n]` for the scored rows, and whether the fit converged."""

    predictions: NDArray[np.float64]
    converged: bool


def _majority(_: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _mean(_: int) -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor(strategy="mean")


def _logistic(_: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=MOST_ITERATIONS)


def _ridge(_: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=1.0)


def _near_classes(rows: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(min(NEIGHBOURS, rows))


def _near_values(rows: int) -> Any:
    from sklearn.neighbors import KNeighborsRegressor

    return KNeighborsRegressor(min(NEIGHBOURS, rows))


BASELINES: dict[str, tuple[Baseline, ...]] = {
    "classification": (
        Baseline("majority_class", "majority class", _majority, trivial=True),
        Baseline("logistic_regression", "logistic regression", _logistic),
        Baseline("nearest_neighbours", "nearest neighbours", _near_classes),
    ),
    "regression": (
        Baseline("mean", "training mean", _mean, trivial=True),
        Baseline("ridge_regression", "ridge regression", _ridge),
        Baseline("nearest_neighbours", "nearest neighbours", _near_values),
    ),
}


def predict(
    baseline: Baseline,
    features: NDArray[Any],
    targets: NDArray[Any],
    classes: int,
    fitted_rows: NDArray[np.int64],
    scored_rows: NDArray[np.int64],
    columns: Sequence[Column] = (),
) -> BaselinePrediction:
    """Fit on `fitted_rows` and predict `scored_rows` of features `[N, ...]`; `classes` is 0 for a regression.

    `columns` of a table say which features are categories. Values are fitted in float64. Where the fitted rows hold
    one class alone, which scikit-learn's classifiers refuse, that class is predicted with probability 1. One thread is
    used, so that the figures do not depend on how many there are.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    wanted = np.asarray(targets[fitted_rows], dtype=None if classes else np.float64)
    build = _majority if classes and len(np.unique(wanted)) == 1 else baseline.build
    known, scored = _flat(features, fitted_rows), _flat(features, scored_rows)
    missing = bool(np.isnan(known).any() or np.isnan(scored).any())
    model = make_pipeline(_preprocessing(columns, missing), build(len(fitted_rows)))
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is told in the record, by `converged`
        model.fit(known, wanted)
        found = _probabilities(model, scored, classes) if classes else model.predict(scored).astype(np.float64)
    iterations = np.max(getattr(model[-1], "n_iter_", None) or 0)
    return BaselinePrediction(found, bool(iterations < MOST_ITERATIONS))


def _preprocessing(columns: Sequence[Column], missing: bool) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    scaler = StandardScaler()
    scaled = make_pipeline(SimpleImputer(keep_empty_features=True), scaler) if missing else scaler
    places = [place for place, column in enumerate(columns) if column.kind == "category"]
    if not places:
        return scaled
    values = [np.arange(len(columns[place].values), dtype=np.float64) for place in places]
    unknown = SimpleImputer(strategy="constant", fill_value=-1.0, keep_empty_features=True)
    encoded = make_pipeline(unknown, OneHotEncoder(categories=values, handle_unknown="ignore"))
    numbers = [place for place in range(len(columns)) if place not in places]
    return make_column_transformer((scaled, numbers), (encoded, places))


def _flat(features: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(features[rows], dtype=np.float64).reshape(len(rows), -1)


def _probabilities(model: Any, scored: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Probabilities `[n, C]` in the order of all classes; those that the fitted rows lack get 0."""
    found = np.zeros((len(scored), classes))
    found[:, model.classes_] = model.predict_proba(scored)
    return found
