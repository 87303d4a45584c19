"""Checks of leakage, made on the split, the data and the statistics' manifest themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.duplicates import counts_of, digests_of, equal_rows
from foldproof.data.splits import Role, Split, hash_of_rows
from foldproof.evaluation.assessment import Check

TEST_SETS = {
    "hash": "were set aside by a hash of their {unit} before anything was fitted",
    "latest": "are the latest, and were set aside before anything was fitted",
    "given": "came with the data as its test set",
}
HASHED = {"row": "values"}  # what the hash of a unit is taken of, where it is not the unit's name


def checks_of_rows(split: Split, dataset: Dataset, statistics_manifest: dict[str, Any] | None) -> tuple[Check, ...]:
    """Test set, folds, duplicates, groups, time, preprocessing and stopping: who saw which rows."""
    cluster = equal_rows(digests_of(dataset))
    return (
        _test_set(split),
        _folds(split, dataset),
        _duplicates(split, cluster),
        *_conflicts(dataset, cluster),
        *_groups(split, dataset),
        *_time(split, dataset),
        _preprocessing(split, statistics_manifest),
        _stopping(split),
    )


def _test_set(split: Split) -> Check:
    title = "Test set untouched"
    rows, total = len(split.test_rows()), split.roles.shape[1]
    unit, share = str(split.audit["unit"]), split.audit["test_share"]
    if rows == 0:
        found = f"no {unit} has a hash below {share:g}; another split.seed" if share else "split.test_share is 0"
        why = f"{found} may find one" if share else found
        return Check("test_set", "warn", title, f"There is no test set ({why}): nothing confirms the folds.")
    held_out = split.roles == Role.TEST
    given = int((held_out.any(axis=0) & ~held_out.all(axis=0)).sum())
    if given:
        sentence = f"{given} test rows were given to a member for training, stopping or scoring."
        return Check("test_set", "fail", title, sentence)
    chosen = TEST_SETS[split.audit["test_set"]].format(unit=HASHED.get(unit, unit))
    ignored = "; split.test_share is not used" if split.audit["test_set"] == "given" else ""
    return Check(
        "test_set",
        "ok",
        title,
        f"{rows} of {total} rows {chosen}; no member trained, stopped or was scored on them{ignored}.",
    )


def _folds(split: Split, dataset: Dataset) -> Check:
    title = "Every row scored by a network that never saw it"
    unused = (split.roles == Role.UNUSED).all(axis=0)
    expected = (split.roles[0] != Role.TEST) & ~unused
    told = f"the {int(expected.sum())} rows outside the test set"
    if split.audit["ordered"] and dataset.times is not None:
        first_scored = dataset.times[(split.roles == Role.SCORED).any(axis=0)].min(initial=np.inf)
        expected &= dataset.times >= first_scored
        told = f"the {int(expected.sum())} rows after the first block of time, from which all learn,"
    repeats = sorted({member.repeat for member in split.members})
    for repeat in repeats:
        mine = [index for index, member in enumerate(split.members) if member.repeat == repeat]
        times = (split.roles[mine] == Role.SCORED).sum(axis=0)
        if not np.array_equal(times, expected.astype(times.dtype)):
            return Check("folds", "fail", title, f"In repeat {repeat} some rows are scored twice or not at all.")
    each = "once" if len(repeats) == 1 else f"{len(repeats)} times, once a repeat"
    left = f" {int(unused.sum())} rows, tied to test rows or as late as they, are used by nobody." * bool(unused.any())
    return Check("folds", "ok", title, f"Each of {told} is scored {each}.{left}")


def _duplicates(split: Split, cluster: NDArray[np.int64]) -> Check:
    title = "Duplicates kept on one side"
    sizes = np.bincount(cluster)
    copies = int(sizes[sizes > 1].sum())
    if copies == 0:
        return Check("duplicates", "ok", title, "No two rows have the same features.")
    divided = _divisions(split, cluster)
    if divided and split.audit["ordered"]:
        sentence = f"{copies} rows are copies of one another; of these a member learns from the earlier ones alone."
        return Check("duplicates", "ok", "Duplicates in the order of time", sentence)
    if divided:
        asked = split.audit["duplicates"] == "separate"
        sentence = (
            f"Copies of one row lie both in what a member learnt from and in what it is scored on, {divided} times"
        )
        why = ": split.duplicates is separate." if asked else "."
        return Check("duplicates", "warn" if asked else "fail", title, sentence + why)
    groups = int((sizes > 1).sum())
    return Check(
        "duplicates",
        "ok",
        title,
        f"{copies} rows are copies of one another, in {groups} groups; no group is both learnt from and scored.",
    )


def _groups(split: Split, dataset: Dataset) -> tuple[Check, ...]:
    """Nothing where the data has no groups."""
    if dataset.groups is None:
        return ()
    title = "Groups kept on one side"
    _, group = np.unique(dataset.groups, return_inverse=True)
    divided, total = _divisions(split, group), int(group.max()) + 1
    if not divided:
        sentence = f"No {split.audit['unit']} is both learnt from and scored: each of the {total} is on one side."
        if split.audit["unit"] == "row":
            sentence = f"Rows were dealt without regard to the {total} groups, but none happens to be on two sides."
        return (Check("groups", "ok", title, sentence),)
    sentence = f"Groups lie both in what a member learnt from and in what it is scored on, {divided} times"
    if split.audit["unit"] == "row":
        told = f"{sentence}: split.kind is {split.audit['kind']}; what is learnt of a group helps in scoring it."
        return (Check("groups", "warn", title, told),)
    return (Check("groups", "fail", title, f"{sentence}."),)


def _time(split: Split, dataset: Dataset) -> tuple[Check, ...]:
    """Nothing where the data has no times."""
    if dataset.times is None:
        return ()
    title = "Only earlier rows learnt from"
    if not split.audit["ordered"]:
        sentence = (
            f"Rows have times, but split.kind is {split.audit['kind']}: rows are scored by networks that learnt from "
            "later ones."
        )
        return (Check("time", "warn", title, sentence),)
    times, gap = np.asarray(dataset.times), float(split.audit["gap"])
    tested = times[split.test_rows()].min(initial=np.inf)
    wrong = [
        member.name
        for index, member in enumerate(split.members)
        if not times[split.training_part(index)].max(initial=-np.inf)
        < min(times[split.rows(index, Role.SCORED)].min(initial=np.inf) - gap, tested)
    ]
    if wrong:
        sentence = (
            f"{', '.join(wrong)} learnt from rows that are not earlier, by the gap of {gap:g}, than it is scored on."
        )
        return (Check("time", "fail", title, sentence),)
    less = f" by more than {gap:g}" if gap else ""
    sentence = f"All that a member learnt from is earlier{less} than all that it is scored on, and than the test set."
    return (Check("time", "ok", title, sentence),)


def _divisions(split: Split, labels: NDArray[np.int64]) -> int:
    """Over all members: how many of the labels `[N]` have rows on more than one side."""
    count = int(labels.max()) + 1
    return sum(_divided(split.roles[index], labels, count) for index in range(len(split.members)))


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
    conflicting = counts_of(cluster, dataset.targets)["conflicting_duplicates"]
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
        if saw.get(member.name) != hash_of_rows(split.rows(index, Role.TRAINING))
    ]
    if wrong:
        sentence = f"The statistics of {', '.join(wrong)} were fitted on other rows than its training rows."
        return Check("preprocessing", "fail", title, sentence)
    return Check(
        "preprocessing",
        "ok",
        title,
        f"Each of the {len(split.members)} members has its own statistics; the hash of the rows that they "
        "were fitted on is that of its training rows.",
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
