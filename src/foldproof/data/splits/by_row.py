"""Rows dealt at random, equal ones together."""

from collections.abc import Iterator

import numpy as np

from foldproof.data.splits.manifest import Rows
from foldproof.data.splits.material import Chosen, Dealt, Material, Units, below
from foldproof.errors import DataError


def in_test(material: Material) -> Chosen:
    """Rows whose values, with the split's seed, have a hash below the share: no row changes side as data grows."""
    return below(material.digests[:, 0], material.section.test_share)


def deal(material: Material, test: Chosen) -> Iterator[Dealt]:
    """Folds and inner validation, each with an equal share of every stratum; DataError where one is too small."""
    units = Units.of(material, test)
    strata = np.zeros(len(units), dtype=np.int64) if material.strata is None else material.strata[units.first_row]
    _refuse_small(strata, material)
    share = material.section.inner_share
    return units.dealt(
        lambda seed: folds_of(strata, material.section.folds, seed),
        lambda kept, seed: inner_of(strata[kept], share, seed),
    )


def folds_of(strata: Rows, folds: int, seed: int) -> list[Rows]:
    """The rows that each fold scores; each stratum is dealt evenly, in a shuffled order.

    Sizes of folds differ by one at most, and so do a stratum's counts: a round robin over the sorted strata says how
    many of each a fold gets. Row for row this is what scikit-learn's StratifiedKFold deals, whose import takes longer
    than the rest of the stage: strata are numbered as they first occur, so that what they are called does not matter,
    and shuffled by RandomState, the generator whose stream numpy promises not to change.
    """
    draws = np.random.RandomState(seed)
    _, first, code = np.unique(strata, return_index=True, return_inverse=True)
    stratum_of_row = np.argsort(np.argsort(first))[code]
    in_order = np.sort(stratum_of_row)
    counts = np.stack([np.bincount(in_order[fold::folds], minlength=len(first)) for fold in range(folds)])
    fold_of_row = np.empty(len(strata), dtype=np.int64)
    for stratum in range(len(first)):
        dealt = np.repeat(np.arange(folds), counts[:, stratum])
        draws.shuffle(dealt)
        fold_of_row[stratum_of_row == stratum] = dealt
    return [np.flatnonzero(fold_of_row == fold) for fold in range(folds)]


def inner_of(strata: Rows, share: float, seed: int) -> Rows:
    """About `share` of each stratum, at least one row of it and never all."""
    draws = np.random.RandomState(seed)
    picked: list[Rows] = []
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        count = min(max(round(share * len(rows)), 1), len(rows) - 1)
        picked.append(draws.permutation(rows)[:count])
    return np.sort(np.concatenate(picked))


def _refuse_small(strata: Rows, material: Material) -> None:
    """Each fold needs rows to score, and what is left of each stratum one to train on and one for inner validation."""
    folds = material.section.folds
    if material.strata is None:
        needed = 2 * folds
        if len(strata) < needed:
            raise DataError(
                f"split.folds: {folds} folds of {len(strata)} different rows outside the test set, needed: {needed}; "
                "lower split.folds or split.test_share"
            )
        return
    needed = max(folds, 4 if folds == 2 else 3)
    problems = [
        f"split.folds: class {material.classes[index]!r} has {count} different rows outside the test set, "
        f"{folds} stratified folds need {needed}; lower split.folds, add rows, or set split.stratify: false"
        for index, count in enumerate(np.bincount(strata, minlength=len(material.classes)))
        if count < needed
    ]
    if problems:
        raise DataError(*problems)
