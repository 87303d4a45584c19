"""Subjects of checks: a dataset, and all that the stages before would make of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.checks.finding import Finding
from foldproof.checks.subject import Subject
from foldproof.checks.table import finding_of
from foldproof.config import params_from
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics

CENTRED = {"center": "channel", "scale": "channel"}


def subject(dataset: Dataset, **sections: Any) -> Subject:
    """The first member of a split of these rows, with params that are shipped except for these sections."""
    values = {"schema": 1, "preprocess": CENTRED if dataset.schema.kind != "text" else {}, **sections}
    params = params_from(values, kind=dataset.schema.kind, absent=True)
    split = make_split(dataset, params.split, params.seed)
    return Subject(dataset, split, fit_statistics(dataset, split, params.preprocess), params)


def found(name: str, one: Subject) -> Finding:
    """What the check of this name finds."""
    return finding_of(name, one)


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def table(rows: int = 300, columns: int = 6, classes: int = 3, noise: float = 0.3, seed: int = 0) -> Dataset:
    """Numbers, and classes that follow from two of the columns, but for some noise."""
    features, targets = numbers(rows, columns, noise, seed)
    order = np.argsort(np.argsort(targets))
    return describe("made", features, order * classes // rows, "classification")


def numbers(rows: int, columns: int, noise: float, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Normal features and a number that depends on two of them."""
    one = draws(seed)
    features = one.normal(size=(rows, columns))
    return features, features[:, 0] - 0.7 * features[:, 1] + noise * one.normal(size=rows)
