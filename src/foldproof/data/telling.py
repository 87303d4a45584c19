"""Features that alone determine a target, which is mostly a leak: the answer under another name, or known only later.

Judged on an even sample of the rows, since a feature that determines all of them determines any of them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.schema import Target

SAMPLE = 10_000  # rows looked at
ENOUGH = 30  # rows below which chance alone may do it
ROWS_A_VALUE = 10  # on average, for values that each go with one class to mean something
PURE = 0.999  # share of rows whose class, or absolute rank correlation, from which a feature counts as perfect
BLOCK = 64  # columns read at a time


def telling(dataset: Dataset) -> list[dict[str, str]]:
    """Of each such pair the `column`, the `target` and `why`."""
    rows = len(dataset.features)
    sample = np.unique(np.linspace(0, rows - 1, min(rows, SAMPLE)).astype(np.int64))
    if len(sample) < ENOUGH:
        return []
    targets = np.asarray(dataset.targets[sample]).reshape(len(sample), -1)
    names = dataset.schema.features
    found = []
    for start in range(0, len(names), BLOCK):
        block = np.asarray(dataset.features[sample, start : start + BLOCK], dtype=np.float64)
        for name, values in zip(names[start : start + BLOCK], block.T, strict=True):
            for place, target in enumerate(dataset.schema.targets):
                why = _why(values, targets[:, place], target)
                found += [{"column": name, "target": target.name, "why": why}] if why else []
    return found


def _why(values: NDArray[np.float64], target: NDArray[Any], what: Target) -> str:
    return _by_class(values, target) if what.task == "classification" else _by_rank(values, target)


def _by_class(values: NDArray[np.float64], classes: NDArray[Any]) -> str:
    """Each value goes with one class, or each class has a range of its own."""
    codes, labels = (np.unique(one, return_inverse=True)[1] for one in (values, classes))
    different, kinds = int(codes.max()) + 1, int(labels.max()) + 1
    if different == 1 or kinds == 1:
        return ""
    pairs, counts = np.unique(codes * kinds + labels, return_counts=True)
    most = np.zeros(different, dtype=np.int64)
    np.maximum.at(most, pairs // kinds, counts)
    pure = most.sum() >= PURE * len(values)
    if pure and different * ROWS_A_VALUE <= len(values):
        return f"each of its {different} values goes with one class"
    in_order = labels[np.argsort(values, kind="stable")]
    if pure and int((np.diff(in_order) != 0).sum()) + 1 == kinds:
        return "each class has a range of its own"
    return ""


def _by_rank(values: NDArray[np.float64], target: NDArray[Any]) -> str:
    """Spearman's rank correlation, of the rows where the value is there."""
    there = ~np.isnan(values)
    if there.sum() < ENOUGH:
        return ""
    first, second = (_ranks(one[there]) for one in (values, target.astype(np.float64)))
    spread = first.std() * second.std()
    if spread == 0:
        return ""
    correlation = float(((first - first.mean()) * (second - second.mean())).mean() / spread)
    return f"rank correlation {correlation:.4f}" if abs(correlation) >= PURE else ""


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0, equal values sharing the mean of theirs."""
    _, code, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts + 1) / 2)[code])
