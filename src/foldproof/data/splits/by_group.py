"""Groups dealt whole: all rows of a patient, a place or a sentence are on one side."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.splits.manifest import Rows
from foldproof.data.splits.material import Chosen, Dealt, Material, Units, below
from foldproof.errors import DataError
from foldproof.reproducibility import seed_of

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio, to the nearest odd number
Shares = NDArray[np.float64]


def in_test(material: Material) -> Chosen:
    """Units whose first group has a hash below the share; no group changes side as rows are added at the end.

    The hash is Fibonacci's, group * 2^64 / golden ratio (Knuth, The Art of Computer Programming 3, 6.4), moved by the
    seed. Of any run of consecutive group numbers it puts very nearly the share below, so that few groups are divided as
    evenly as many. Where new rows equal rows of two groups, these become one, which goes where the earlier one is.
    """
    groups, unit = material.groups, material.unit
    assert groups is not None
    first_row = np.unique(unit, return_index=True)[1]
    start = np.uint64(seed_of("test groups", material.section.seed) << 33)
    hashes = groups[first_row].astype(np.uint64) * GOLDEN + start
    return below(hashes, material.section.test_share)[unit]


def deal(material: Material, test: Chosen) -> Iterator[Dealt]:
    """Folds and inner validation as `balanced` deals them; DataError where there are too few groups."""
    units = Units.of(material, test)
    _refuse_few(units)
    shares, section = _shares(units), material.section

    def folds(seed: int) -> list[Rows]:
        fold_of_unit = balanced(shares, [1 / section.folds] * section.folds, seed)
        return [np.flatnonzero(fold_of_unit == fold) for fold in range(section.folds)]

    def inner(kept: Rows, seed: int) -> Rows:
        if len(kept) < 2:
            raise DataError(
                f"split.folds: what a fold is trained on is one {material.unit_name} alone, which leaves none for inner"
                f" validation; one {material.unit_name} is as large as all others together: lower split.test_share, or "
                "raise split.folds"
            )
        picked = np.flatnonzero(balanced(shares[kept], [1 - section.inner_share, section.inner_share], seed) == 1)
        if 0 < len(picked) < len(kept):
            return picked
        smallest = np.argsort((shares[kept] ** 2).sum(axis=1), kind="stable")
        return smallest[:1] if len(picked) == 0 else np.sort(smallest[1:])

    return units.dealt(folds, inner)


def balanced(shares: Shares, parts: Sequence[float], seed: int) -> Rows:
    """Deal units into parts so that each part has about its portion of everything; the part of each unit, `[U]`.

    Greedily, the largest unit first and equals in a shuffled order: with `s` the shares of a unit and `L_f` the sums of
    those that part f, meant to be `p_f` of all, already has, it goes where `(2 L_f s + s s) / p_f`, which is what the
    imbalance `sum_f |L_f|^2 / p_f` grows by, is least. For one quantity and equal parts this is longest-processing-time
    scheduling (Graham, 1969).

    Args:
        shares: `[U, Q]`, what each unit has of each of Q quantities, such as rows of a class; columns sum to 1.
        parts: the portions that are aimed at, > 0, with sum 1.
        seed: of the shuffling.
    """
    order = np.random.RandomState(seed).permutation(len(shares))
    sizes = (shares**2).sum(axis=1)
    order = order[np.argsort(-sizes[order], kind="stable")]
    portions, loads = np.array(parts), np.zeros((len(parts), shares.shape[1]))
    found = np.empty(len(shares), dtype=np.int64)
    for unit in order:
        part = int(((2 * (loads * shares[unit]).sum(axis=1) + sizes[unit]) / portions).argmin())
        loads[part] += shares[unit]
        found[unit] = part
    return found


def _shares(units: Units) -> Shares:
    """Of each unit: its share of all rows, and of the rows of each class where folds are stratified; `[U, 1 + C]`."""
    strata = units.material.strata
    counts: list[NDArray[Any]] = [np.bincount(units.of_row, minlength=len(units))]
    if strata is not None:
        own = strata[units.usable]
        counts.extend(np.bincount(units.of_row[own == one], minlength=len(units)) for one in np.unique(own))
    table = np.stack(counts, axis=1).astype(np.float64)
    shares: Shares = table / table.sum(axis=0)
    return shares


def _refuse_few(units: Units) -> None:
    """Each fold needs a unit to score, and what is left of it one to train on and one for inner validation."""
    material = units.material
    folds, name = material.section.folds, material.unit_name
    needed = max(folds, 4 if folds == 2 else 3)
    problems: list[str] = []
    if len(units) < needed:
        problems.append(
            f"split.folds: {folds} folds of {len(units)} {name}{'s' * (len(units) != 1)} outside the test set, needed: "
            f"{needed}; lower split.folds or split.test_share"
        )
    elif material.strata is not None:
        pairs = np.unique(np.stack([material.strata[units.usable], units.of_row], axis=1), axis=0)
        problems.extend(
            f"split.folds: class {material.classes[index]!r} is in {count} {name}s outside the test set, {folds} "
            f"stratified folds need {folds}; lower split.folds, add rows, or set split.stratify: false"
            for index, count in enumerate(np.bincount(pairs[:, 0], minlength=len(material.classes)))
            if count < folds
        )
    if problems:
        raise DataError(*problems)
