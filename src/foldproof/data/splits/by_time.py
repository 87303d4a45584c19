"""Rows dealt by time: what is learnt from is earlier than what is scored.

    fold 0    learnt . scored
    fold 1    learnt learnt . scored
    fold 2    learnt learnt learnt . scored      test set

The rows before the test set are cut into folds + 1 blocks of about equal size, at times, so that rows of one time stay
together. Fold k is scored on block k + 1 and learns from all rows before it, less the gap (the dot): an expanding
window. The first block is never scored.

Equal rows are not joined: an earlier one is known by the time that a later one is scored. To leave it out would be to
choose what is learnt from by what comes later, and would keep the rows that are rare.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from foldproof.data.splits.manifest import Role
from foldproof.data.splits.material import Chosen, Dealt, Material, outside
from foldproof.errors import DataError

Times = NDArray[np.float64]


def in_test(material: Material) -> Chosen:
    """The latest share of the rows, and all others of the earliest time among them; never none of a share above 0."""
    times, share = _times(material), material.section.test_share
    if share == 0:
        return np.zeros(len(times), dtype=bool)
    return times >= _latest(times, share)


def deal(material: Material, test: Chosen) -> Iterator[Dealt]:
    """The folds, each with the latest share of its training part, behind another gap, as inner validation.

    A row in the gap or later, or of one group with such a row, is unused by the member. Unused by everybody are rows
    as late as a test set that came with the data.
    """
    times, unit, section = _times(material), material.unit, material.section
    usable = outside(material, test) & (times < times[test].min(initial=np.inf))
    starts = _starts(times[usable], section.folds)
    block = np.searchsorted(starts, times, side="right")
    latest = np.full(unit.max() + 1, -np.inf)
    np.maximum.at(latest, unit, times)
    known = latest[unit]  # when the last row of each row's unit has come

    for fold, start in enumerate(starts):
        learnt = usable & (known < start - section.gap)
        inner_start = _inner_start(times[learnt], section.inner_share)
        training = learnt & (known < inner_start - section.gap)
        if not training.any():
            raise DataError(_nothing_before(material, fold, float(start), int(learnt.sum())))
        roles = np.full(len(times), Role.UNUSED, dtype=np.uint8)
        roles[usable & (block == fold + 1)] = Role.SCORED
        roles[learnt & (times >= inner_start)] = Role.INNER_VALIDATION
        roles[training] = Role.TRAINING
        yield Dealt(0, fold, roles)


def _times(material: Material) -> Times:
    assert material.times is not None
    return material.times


def _latest(times: Times, share: float) -> float:
    """The time from which on the rows are the latest share of them, at least one."""
    in_order = np.sort(times)
    return float(in_order[len(in_order) - max(1, round(share * len(in_order)))])


def _inner_start(learnt: Times, share: float) -> float:
    """As `_latest`, but never the earliest time of all; -infinity, before which nothing is, where there is no other."""
    later = learnt[learnt > learnt.min(initial=np.inf)]
    return max(_latest(learnt, share), float(later.min())) if len(later) else -np.inf


def _starts(times: Times, folds: int) -> Times:
    """When the blocks 1 to `folds` start; DataError where two would start at one time."""
    in_order = np.sort(times)
    starts = in_order[np.arange(1, folds + 1) * len(in_order) // (folds + 1)] if len(in_order) else in_order
    if len(np.unique(starts)) < folds or starts[0] == in_order[0]:
        raise DataError(
            f"split.folds: {folds} folds over time need {folds + 1} blocks, each of times of its own; the {len(times)} "
            f"rows before the test set are of {len(np.unique(times))} different times, and rows of one time are not "
            "parted; lower split.folds"
        )
    return starts


def _nothing_before(material: Material, fold: int, start: float, learnt: int) -> str:
    section = material.section
    if learnt:
        found = f"the {learnt} rows that it may learn from leave none for training before inner validation"
    else:
        found = f"no row is earlier than {start:g} less the gap"
    alike = ""
    if material.groups is not None:
        alike = ", and of no group that goes on later; leave out data.group, or set split.kind: group"
    key = f"split.gap: with {section.gap:g}, " if section.gap else "split.folds: "
    return (
        f"{key}fold {fold}, scored from {start:g} on, has nothing to train on: {found}{alike}; "
        "lower split.gap, split.folds or split.inner_share"
    )
