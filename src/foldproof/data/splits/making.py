"""From a dataset and the section `split` to the manifest."""

from typing import Any

import numpy as np

from foldproof.config.split import Split as SplitSection
from foldproof.data.dataset import Dataset
from foldproof.data.duplicates import counts_of, digests_of, equal_rows
from foldproof.data.splits.kinds import KINDS, Kind, kind_of
from foldproof.data.splits.manifest import Member, Role, Rows, Split
from foldproof.data.splits.material import Material
from foldproof.data.splits.units import units_of
from foldproof.errors import DataError, counted


def make_split(dataset: Dataset, section: SplitSection, seed: int) -> Split:
    """Deal the rows by `section.seed`; raises DataError where a class or the data is too small for that.

    `seed` goes into the members' keys alone, so that another one trains other networks on the same rows. A test set
    that came with the data is the test set; rows of one unit with a test row are then unused by everybody.
    """
    name = kind_of(section, dataset)
    kind = KINDS[name]
    material, cluster = _material(dataset, section, kind)
    given = dataset.given_test is not None and bool(np.any(dataset.given_test))
    test = np.asarray(dataset.given_test) if given else kind.in_test(material)
    if test.all():
        raise DataError("split: every row is in the test set, none is left to learn from; lower split.test_share")
    members: list[Member] = []
    roles: list[Any] = []
    for dealt in kind.deal(material, test):
        members.append(Member(seed, dealt.repeat, dealt.fold))
        roles.append(np.where(test, np.uint8(Role.TEST), dealt.roles))
    stacked = np.stack(roles)
    audit = {
        "rows": len(test),
        "kind": name,
        "unit": material.unit_name,
        "ordered": kind.ordered,
        "test_rows": int(test.sum()),
        "test_set": "given" if given else kind.chosen_by if section.test_share > 0 else "none",
        "test_share": section.test_share,
        "folds": section.folds,
        "repeats": section.repeats,
        "inner_share": section.inner_share,
        "stratified": material.strata is not None,
        "gap": section.gap,
        "seed": section.seed,
        "duplicates": section.duplicates,
        **counts_of(cluster, dataset.view(0).targets),
        "groups": 0 if dataset.groups is None else len(np.unique(dataset.groups)),
        "timed": dataset.times is not None,
        "unused_rows": int((stacked == Role.UNUSED).all(axis=0).sum()),
    }
    return Split(tuple(members), stacked, audit)


def _material(dataset: Dataset, section: SplitSection, kind: Kind) -> tuple[Material, Rows]:
    """What is dealt, and the numbers of equal rows, `[N]`."""
    digests = digests_of(dataset, section.seed)
    cluster = equal_rows(digests)
    groups = np.asarray(dataset.groups) if kind.keeps_groups and dataset.groups is not None else None
    joined = section.duplicates == "together" and not kind.ordered  # an equal row that came earlier may be known
    unit = units_of(groups, cluster if joined else np.arange(len(cluster)))
    times = None if dataset.times is None else np.asarray(dataset.times)
    if kind.needs == "times" and times is not None and np.isnan(times).any():
        rows = np.flatnonzero(np.isnan(times))
        raise DataError(f"data.time: missing in {counted('row', rows)}; fill or drop them, or set split.kind: random")
    name = "row" if groups is None else "sentence" if dataset.schema.kind == "text" else "group"
    strata = _strata(dataset, section, kind)
    return Material(section, digests, unit, name, strata, dataset.schema.classes, groups, times), cluster


def _strata(dataset: Dataset, section: SplitSection, kind: Kind) -> Rows | None:
    """The class of each row by the first target, `[N]`; `auto` leaves sentences as they are, which mix all classes."""
    if dataset.schema.task != "classification" or kind.ordered or section.stratify is False:
        return None
    if section.stratify == "auto" and dataset.schema.kind == "text":
        return None
    targets = np.asarray(dataset.targets)
    return targets.reshape(len(targets), -1)[:, 0].astype(np.int64)
