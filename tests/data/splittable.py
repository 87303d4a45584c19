"""Small datasets with groups, times and copies, for tests of splits, and what no split may do."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Role, Split

Labels = NDArray[Any]


def rows(number: int, seed: int = 0, copies: int = 0, classes: int = 3, **beside: Any) -> Dataset:
    """Random rows of which the last `copies` equal some of the others; `beside` are arrays such as groups, `[N]`."""
    draws = np.random.Generator(np.random.Philox(seed))
    features = draws.normal(size=(number, 3))
    targets = np.arange(number) % classes
    if copies:
        copied = draws.integers(0, number - copies, copies)
        features[number - copies :], targets[number - copies :] = features[copied], targets[copied]
    data = describe("rows", features, targets, "classification")
    arrays: dict[str, Any] = {name: np.asarray(array) for name, array in beside.items()}
    return replace(data, **arrays)


def sides(split: Split, member: int) -> list[Labels]:
    """The rows learnt from, scored and held out as test set."""
    return [split.training_part(member), split.rows(member, Role.SCORED), split.test_rows()]


def parted(split: Split, labels: Labels) -> int:
    """How often a label `[N]` has rows on two sides, by sets: slow and plain."""
    count = 0
    for member in range(len(split.members)):
        learnt, scored, test = (set(labels[side].tolist()) for side in sides(split, member))
        count += len(learnt & scored) + len(learnt & test) + len(scored & test)
    return count


def parted_inside(split: Split, labels: Labels) -> int:
    """How often a label has rows both in training and in inner validation."""
    return sum(
        len(
            set(labels[split.rows(member, Role.TRAINING)].tolist())
            & set(labels[split.rows(member, Role.INNER_VALIDATION)].tolist())
        )
        for member in range(len(split.members))
    )


def by_value(dataset: Dataset) -> Labels:
    """The number of each row's values, by a dictionary."""
    numbers: dict[tuple[float, ...], int] = {}
    return np.array([numbers.setdefault(tuple(row), len(numbers)) for row in np.asarray(dataset.features).tolist()])


def usable_roles(split: Split) -> None:
    """Every member has rows to train on, to stop on and to be scored on, and one test set is everybody's."""
    for member in range(len(split.members)):
        for role in (Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED):
            assert len(split.rows(member, role)) > 0, (member, role)
        assert np.array_equal(split.rows(member, Role.TEST), split.test_rows())
    assert np.isin(split.roles, list(Role)).all()
