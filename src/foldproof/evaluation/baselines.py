"""What a network must beat: scikit-learn's simplest predictors, on exactly the same rows.

A baseline needs no inner validation, so it is fitted on a member's whole training part (training and
inner-validation rows) and scored on the member's scored rows. Features are flattened, and standardised on
the rows that are fitted; where some are missing, the mean of these rows stands in for them, and a category is a 0 or 1
for each value, all 0 where it is unknown or missing; codes of text become a 0 or 1 for each
value that these rows hold.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Column, Schema

NEIGHBOURS = 5
LEAST_COUNT = 1e-6  # of what never came together, so that no logarithm is infinite
MOST_ITERATIONS = 2000  # L-BFGS on standardised digits needs about 40; wide, separable tables need hundreds


View = Callable[[NDArray[Any]], NDArray[np.float64]]


def flat(rows: NDArray[Any]) -> NDArray[np.float64]:
    """All of a row side by side."""
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)


def own_word(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Of windows `[n, W, F]` the word in the middle alone."""
    return np.asarray(rows[:, rows.shape[1] // 2, :1], dtype=np.float64)


def scaled(columns: Sequence[Column], missing: bool) -> Any:
    """Each number has mean 0 and variance 1, a missing one is the mean; a category is a 0 or 1 for each value."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    scaler = StandardScaler()
    filled = make_pipeline(SimpleImputer(keep_empty_features=True), scaler) if missing else scaler
    places = [place for place, column in enumerate(columns) if column.kind == "category"]
    if not places:
        return filled
    values = [np.arange(len(columns[place].values), dtype=np.float64) for place in places]
    unknown = SimpleImputer(strategy="constant", fill_value=-1.0, keep_empty_features=True)
    encoded = make_pipeline(unknown, OneHotEncoder(categories=values, handle_unknown="ignore"))
    numbers = [place for place in range(len(columns)) if place not in places]
    return make_column_transformer((filled, numbers), (encoded, places))


def zeros_and_ones(columns: Sequence[Column], missing: bool) -> Any:  # noqa: ARG001
    """A column for each code of each column; a code that was not met has a 0 in all of them."""
    from sklearn.preprocessing import OneHotEncoder

    return OneHotEncoder(handle_unknown="ignore")


@dataclass(frozen=True)
class Shown:
    """How features are prepared for a baseline: in words, and `make(columns, missing)`, an unfitted transformer."""

    told: str
    make: Callable[[Sequence[Column], bool], Any]


SCALED = Shown("standardised features", scaled)
ZEROS_AND_ONES = Shown("a 0 or 1 for each value of a feature", zeros_and_ones)


@dataclass(frozen=True)
class Baseline:
    """A row of the table: what it is called and `build(training rows)`, an unfitted estimator."""

    name: str
    label: str
    build: Callable[[int], Any]
    trivial: bool = False  # ignores the features: what is not better than this has learnt nothing
    view: View = flat  # of raw rows `[n, *shape]`, as `[n, K]`
    shown: Shown = SCALED


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


def _frequencies(_: int) -> Any:
    """Of one column of zeros and ones: how often each class comes with it, and without any the classes' shares."""
    from sklearn.naive_bayes import MultinomialNB

    return MultinomialNB(alpha=LEAST_COUNT, force_alpha=True)


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

BASELINES_OF_TEXT = (
    Baseline("majority_class", "majority class", _majority, trivial=True),
    Baseline("tag_of_the_word", "most frequent tag of the word", _frequencies, view=own_word, shown=ZEROS_AND_ONES),
    Baseline("logistic_regression", "logistic regression", _logistic, shown=ZEROS_AND_ONES),
)


def baselines_for(schema: Schema) -> tuple[Baseline, ...]:
    """What a network of these rows must beat."""
    return BASELINES_OF_TEXT if schema.kind == "text" else BASELINES[schema.task]


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
    known, scored = baseline.view(features[fitted_rows]), baseline.view(features[scored_rows])
    missing = bool(np.isnan(known).any() or np.isnan(scored).any())
    model = make_pipeline(baseline.shown.make(columns, missing), build(len(fitted_rows)))
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is told in the record, by `converged`
        model.fit(known, wanted)
        found = _probabilities(model, scored, classes) if classes else model.predict(scored).astype(np.float64)
    iterations = np.max(getattr(model[-1], "n_iter_", None) or 0)
    return BaselinePrediction(found, bool(iterations < MOST_ITERATIONS))


def _probabilities(model: Any, scored: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Probabilities `[n, C]` in the order of all classes; those that the fitted rows lack get 0."""
    found = np.zeros((len(scored), classes))
    found[:, model.classes_] = model.predict_proba(scored)
    return found
