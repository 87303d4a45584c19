"""Checks of leakage, made on the split, the data and the statistics' manifest themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.evaluation.assessment import Check
from foldproof.reproducibility import sha256


def checks_of_rows(split: Split, dataset: Dataset, statistics_manifest: dict[str, Any] | None) -> tuple[Check, ...]:
    """Test set, folds, duplicates, preprocessing and stopping: who saw which rows."""
    cluster = equal_rows(dataset.features)
    return (
        _test_set(split),
        _folds(split),
        _duplicates(split, cluster),
        *_conflicts(dataset, cluster),
        _preprocessing(split, statistics_manifest),
        _stopping(split),
    )


def equal_rows(features: NDArray[Any]) -> NDArray[np.int64]:
    """Number the rows of features `[N, ...]` so that equal ones, and only they, have equal numbers `[N]`."""
    flat = np.asarray(features).reshape(len(features), -1)
    if np.issubdtype(flat.dtype, np.floating):
        flat = flat + flat.dtype.type(0)  # -0.0 equals 0.0 but has other bytes
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in flat], dtype=np.int64)


def _test_set(split: Split) -> Check:
    title = "Test set untouched"
    rows, total = len(split.test_rows()), split.roles.shape[1]
    if rows == 0:
        return Check(
            "test_set",
            "warn",
            title,
            "There is no test set (split.test_share is 0): nothing confirms the folds.",
        )
    held_out = split.roles == Role.TEST
    given = int((held_out.any(axis=0) & ~held_out.all(axis=0)).sum())
    if given:
        sentence = f"{given} test rows were given to a member for training, stopping or scoring."
        return Check("test_set", "fail", title, sentence)
    return Check(
        "test_set",
        "ok",
        title,
        f"{rows} of {total} rows were set aside by a hash of their values before anything was fitted; "
        "no member trained, stopped or was scored on them.",
    )


def _folds(split: Split) -> Check:
    title = "Every row scored by a network that never saw it"
    outside = split.roles[0] != Role.TEST
    repeats = sorted({member.repeat for member in split.members})
    for repeat in repeats:
        mine = [index for index, member in enumerate(split.members) if member.repeat == repeat]
        times = (split.roles[mine] == Role.SCORED).sum(axis=0)
        if not np.array_equal(times, outside.astype(times.dtype)):
            return Check("folds", "fail", title, f"In repeat {repeat} some rows are scored twice or not at all.")
    each = "once" if len(repeats) == 1 else f"{len(repeats)} times, once a repeat"
    return Check("folds", "ok", title, f"Each of the {int(outside.sum())} rows outside the test set is scored {each}.")


def _duplicates(split: Split, cluster: NDArray[np.int64]) -> Check:
    title = "Duplicates kept on one side"
    sizes = np.bincount(cluster)
    copies = int(sizes[sizes > 1].sum())
    if copies == 0:
        return Check("duplicates", "ok", title, "No two rows have the same features.")
    divided = sum(_divided(split.roles[index], cluster, len(sizes)) for index in range(len(split.members)))
    if divided:
        sentence = (
            f"Copies of one row lie both in what a member learnt from and in what it is scored on, {divided} times."
        )
        return Check("duplicates", "fail", title, sentence)
    groups = int((sizes > 1).sum())
    return Check(
        "duplicates",
        "ok",
        title,
        f"{copies} rows are copies of one another, in {groups} groups; no group is both learnt from and scored.",
    )


def _divided(roles: NDArray[np.uint8], cluster: NDArray[np.int64], clusters: int) -> int:
    """How many clusters have rows on more than one of the sides learnt from, scored, test."""
    sides = np.zeros((3, clusters), dtype=bool)
    for place, members in enumerate(((Role.TRAINING, Role.INNER_VALIDATION), (Role.SCORED,), (Role.TEST,))):
        sides[place, cluster[np.isin(roles, members)]] = True
    return int((sides.sum(axis=0) > 1).sum())


def _conflicts(dataset: Dataset, cluster: NDArray[np.int64]) -> tuple[Check, ...]:
    """Copies with different labels; where the target is a number, copies may differ and nothing is said."""
    if dataset.schema.task != "classification":
        return ()
    labels = np.unique(np.stack([cluster, np.asarray(dataset.targets)]), axis=1)[0]
    conflicting = int((np.bincount(labels) > 1).sum())
    title = "Equal rows have equal labels"
    if conflicting:
        return (
            Check(
                "conflicting_duplicates",
                "warn",
                title,
                f"{conflicting} groups of equal rows carry different labels: no model can get them all right.",
            ),
        )
    return (Check("conflicting_duplicates", "ok", title, "No row occurs with two different labels."),)


def _preprocessing(split: Split, manifest: dict[str, Any] | None) -> Check:
    title = "Preprocessing fitted on training rows alone"
    if manifest is None:
        return Check(
            "preprocessing",
            "warn",
            title,
            "The manifest of the statistics was not given, so this was not verified.",
        )
    saw = manifest.get("rows_sha256", {})
    wrong = [
        member.name
        for index, member in enumerate(split.members)
        if saw.get(member.name) != sha256(split.rows(index, Role.TRAINING).astype("<i8").tobytes())
    ]
    if wrong:
        sentence = f"The statistics of {', '.join(wrong)} were fitted on other rows than its training rows."
        return Check("preprocessing", "fail", title, sentence)
    return Check(
        "preprocessing",
        "ok",
        title,
        f"Each of the {len(split.members)} members has its own mean and scale; the hash of the rows that "
        "they were "
        "fitted on is that of its training rows.",
    )


def _stopping(split: Split) -> Check:
    """What the split grants; a row has one role a member in it, so inner-validation rows are never scored ones."""
    title = "Rows to stop on kept apart from the scored fold"
    inner = [len(split.rows(index, Role.INNER_VALIDATION)) for index in range(len(split.members))]
    if min(inner) == 0:
        return Check("stopping", "fail", title, "A member has no inner-validation rows to stop on.")
    some = f"{min(inner)}" if min(inner) == max(inner) else f"{min(inner)} to {max(inner)}"
    return Check(
        "stopping",
        "ok",
        title,
        f"The split gives each member {some} inner-validation rows of its own training part, none of them among "
        "its scored rows; verified from the split's manifest, not by watching the training.",
    )
