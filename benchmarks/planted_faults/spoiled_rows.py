"""Rows with something wrong in them: made from sound ones, typed anew where a source would have typed them so."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset, complete
from foldproof.data.describing import describe

NO_NUMBER = float("nan")
FACTOR = 255 // 16  # digits have grey levels from 0 to 16; so many times as much fills a byte


def shuffled(dataset: Dataset) -> Dataset:
    """Targets dealt out anew: none goes with its row."""
    order = np.random.default_rng(0).permutation(len(dataset.targets))
    return _with_targets(dataset, dataset.targets[order])


def off_by_one(dataset: Dataset) -> Dataset:
    """Every row has the target of the row before it."""
    return _with_targets(dataset, np.roll(dataset.targets, 1, axis=0))


def one_class_as_two(dataset: Dataset, label: str, other: str) -> Dataset:
    """Half of the rows of a class go by another name."""
    labels = _labels(dataset)
    rows = np.flatnonzero(labels == label)
    labels[np.random.default_rng(0).choice(rows, len(rows) // 2, replace=False)] = other
    return describe(dataset.schema.name, dataset.features, labels.astype(np.str_))


def rare(dataset: Dataset, label: str, left: int) -> Dataset:
    """All but a few rows of a class are gone."""
    labels = _labels(dataset)
    kept = np.ones(len(labels), dtype=bool)
    kept[np.flatnonzero(labels == label)[left:]] = False
    return describe(dataset.schema.name, dataset.features[kept], labels[kept].astype(np.str_))


def with_columns(dataset: Dataset, *columns: NDArray[Any]) -> Dataset:
    """A table with further columns behind its own."""
    features = np.column_stack([dataset.features, *columns])
    names = (*dataset.schema.features, *(f"further {place}" for place in range(len(columns))))
    task, classes = dataset.schema.task, dataset.schema.classes or None
    return describe(dataset.schema.name, features, dataset.targets, task, classes, names)


def with_the_target(dataset: Dataset, noise: float = 0.0) -> Dataset:
    """A column is the target, with noise of so many of its standard deviations."""
    target = dataset.targets.astype(np.float64)
    drawn = np.random.default_rng(0).normal(0, noise, len(target))
    return with_columns(dataset, target + target.std() * drawn)


def with_a_code_of_the_class(dataset: Dataset, codes: tuple[float, ...]) -> Dataset:
    """A column holds a number for each class, in no order, with a little noise."""
    column = np.array(codes)[dataset.targets]
    return with_columns(dataset, column + np.random.default_rng(0).normal(0, 0.05, len(column)))


def with_a_curve_of_the_target(dataset: Dataset) -> Dataset:
    """A column rises with the target, though not in a straight line."""
    target = dataset.targets.astype(np.float64)
    return with_columns(dataset, np.exp(2 * (target - target.mean()) / target.std()))


def not_finite(dataset: Dataset, value: float, rows: slice) -> Dataset:
    """Some rows hold a value that is no number, as a file may that was changed after it was prepared."""
    features = dataset.features.astype(np.float32)
    features[rows] = value
    return complete(replace(dataset, features=features))


def target_not_finite(dataset: Dataset, rows: slice) -> Dataset:
    """Some rows have no number to predict."""
    targets = dataset.targets.copy()
    targets[rows] = NO_NUMBER
    return _with_targets(dataset, targets)


def as_bytes(dataset: Dataset) -> Dataset:
    """Grey levels that use most of a byte."""
    levels = (dataset.features * FACTOR).astype(np.uint8)
    return describe("bytes", levels, dataset.targets, classes=dataset.schema.classes)


def in_time(dataset: Dataset, drift: float) -> Dataset:
    """Rows one after another, while the first column rises by so many of its standard deviations in all."""
    features, times = dataset.features.astype(np.float64), np.linspace(0, 1, len(dataset.features))
    features[:, 0] += drift * features[:, 0].std() * times
    return complete(replace(dataset, features=features.astype(np.float32), times=times))


def _labels(dataset: Dataset) -> NDArray[Any]:
    labels: NDArray[Any] = np.array(dataset.schema.classes, dtype=object)[dataset.targets]
    return labels


def _with_targets(dataset: Dataset, targets: NDArray[Any]) -> Dataset:
    return complete(replace(dataset, targets=np.ascontiguousarray(targets)))
