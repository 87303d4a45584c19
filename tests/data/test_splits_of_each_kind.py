"""Over every kind of split: no row, nor its copy, its group, or a later time on two sides."""

import hashlib
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from foldproof.config.data import Data
from foldproof.config.split import Split as Section
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source
from foldproof.data.splits import Role, make_split
from foldproof.data.splits.kinds import KINDS
from foldproof.errors import ConfigError, DataError
from foldproof.reproducibility import seed_of
from tests.data.splittable import by_value, parted, parted_inside, rows, sides, usable_roles

many = settings(max_examples=30, deadline=None)
every_kind = pytest.mark.parametrize("kind", KINDS)


def drawn(seed: int, copies: int = 20, groups: int = 30, **beside: Any) -> Dataset:
    draws = np.random.Generator(np.random.Philox(seed))
    times = draws.integers(0, 100, 200).astype(np.float64)
    return rows(200, seed, copies, groups=draws.integers(0, groups, 200), times=times, **beside)


def needed(data: Dataset, kind: str) -> Dataset:
    """The data with what the kind needs alone."""
    keep = {"features", "targets", "given_test", KINDS[kind].needs}
    return Dataset(data.schema, **{name: array for name, array in data.arrays().items() if name in keep})


def test_the_table_and_the_config_name_the_same_kinds() -> None:
    assert set(get_args(Section.model_fields["kind"].annotation)) == {"auto", *KINDS}


@every_kind
@many
@given(st.integers(0, 500), st.integers(2, 4), st.sampled_from([0.0, 0.2]), st.sampled_from([0.1, 0.4]))
def test_nothing_stands_on_two_sides(kind: str, seed: int, folds: int, test_share: float, inner_share: float) -> None:
    data = needed(drawn(seed, copies=6), kind)
    section = Section(kind=kind, folds=folds, test_share=test_share, inner_share=inner_share, seed=seed)  # type: ignore[arg-type]
    split = make_split(data, section, 0)
    usable_roles(split)
    assert parted(split, np.arange(200)) == 0
    if not KINDS[kind].ordered:
        assert parted(split, by_value(data)) == parted_inside(split, by_value(data)) == 0
    if data.groups is not None:
        assert parted(split, data.groups) == parted_inside(split, data.groups) == 0
    if data.times is not None:
        for member in range(folds):
            learnt, scored, test = sides(split, member)
            assert data.times[learnt].max() < data.times[scored].min()
            assert data.times[learnt].max() < data.times[test].min(initial=np.inf)
            inner = split.rows(member, Role.INNER_VALIDATION)
            assert data.times[split.rows(member, Role.TRAINING)].max() < data.times[inner].min()
    else:
        outside = np.setdiff1d(np.arange(200), split.test_rows())
        scored = np.concatenate([split.rows(member, Role.SCORED) for member in range(folds)])
        assert np.array_equal(np.sort(scored), outside)


@every_kind
@many
@given(st.integers(0, 500))
def test_a_given_test_set_is_the_test_set_and_its_copies_are_unused_but_for_earlier_ones(kind: str, seed: int) -> None:
    """Groups are few rows each here, so that enough of them stay clear of the test set."""
    given_test = np.arange(200) >= 170
    data = needed(drawn(seed, copies=20, groups=150, given_test=given_test), kind)
    if data.times is not None:
        data = Dataset(data.schema, data.features, data.targets, times=np.arange(200.0), given_test=given_test)
    split = make_split(data, Section(kind=kind, folds=2, test_share=0.7, stratify="auto", seed=seed), 0)  # type: ignore[arg-type]
    assert np.array_equal(split.test_rows(), np.arange(170, 200))
    assert split.audit["test_set"] == "given"
    unused = (split.roles == Role.UNUSED).all(axis=0)
    if KINDS[kind].ordered:
        assert not unused.any()
        return
    assert parted(split, by_value(data)) == 0
    assert split.audit["unused_rows"] == unused.sum() > 0
    copied = np.isin(by_value(data), by_value(data)[given_test]) & ~given_test
    assert unused[copied].all()
    if kind == "random":
        assert np.array_equal(unused, copied)
        assert np.array_equal(split.learnt_rows(), np.flatnonzero(~given_test & ~copied))


@every_kind
def test_the_same_seed_deals_the_same(kind: str) -> None:
    data = needed(drawn(0), kind)
    first, second = (make_split(data, Section(kind=kind, folds=3), 0) for _ in range(2))  # type: ignore[arg-type]
    assert np.array_equal(first.roles, second.roles)


@pytest.mark.parametrize(
    ("kept", "expected"), [(("groups", "times"), "time"), (("times",), "time"), ((), "random"), (("ids",), "random")]
)
def test_auto_takes_the_first_kind_that_the_data_can_have(kept: tuple[str, ...], expected: str) -> None:
    data = replace(drawn(1, ids=np.arange(200).astype(str)), groups=np.arange(200) // 5, times=np.arange(200.0) // 5)
    arrays = {name: array for name, array in data.arrays().items() if name in {"features", "targets", *kept}}
    assert make_split(Dataset(data.schema, **arrays), Section(folds=3), 0).audit["kind"] == expected


def test_copies_that_are_asked_to_be_separate_are_dealt_one_by_one() -> None:
    data = needed(drawn(3, copies=90), "random")
    split = make_split(data, Section(duplicates="separate", folds=3), 0)
    assert parted(split, np.arange(200)) == 0
    assert parted(split, by_value(data)) > 0
    assert parted_inside(split, by_value(data)) > 0


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"kind": "group"}, r"split\.kind: found group, but the data has no groups; name their column in data\.group"),
        ({"kind": "time"}, r"split\.kind: found time, but the data has no times; name their column in data\.time"),
        ({"kind": "random", "gap": 2.0}, r"split\.gap: found 2, legal with split\.kind random: 0"),
    ],
)
def test_what_does_not_go_together_is_refused(section: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        make_split(rows(60), Section(**section), 0)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        make_split(drawn(0), Section(kind="time", repeats=2, stratify=True), 0)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["split.stratify", "split.repeats"]


def test_a_test_set_of_all_rows_is_refused() -> None:
    with pytest.raises(DataError, match="every row is in the test set"):
        make_split(rows(60, given_test=np.ones(60, dtype=bool)), Section(), 0)


SETS = ("digits", "breast_cancer", "wine", "iris", "diabetes")
SECTIONS = (
    Section(),
    Section(folds=3, repeats=2, seed=7, inner_share=0.25),
    Section(stratify=False, test_share=0.1, seed=3),
)


@pytest.mark.parametrize("name", SETS)
def test_rows_are_dealt_as_in_plain_words(name: Any) -> None:
    """By a dictionary of bytes, scikit-learn's folds and one permutation a stratum: slow, and in few lines."""
    data = load_source(Data(source=name))
    for section in SECTIONS:
        assert np.array_equal(make_split(data, section, 0).roles, _in_plain_words(data, section))


def _in_plain_words(data: Dataset, section: Section) -> Any:
    salt = seed_of("test set", section.seed).to_bytes(8, "little")
    flat = np.asarray(data.features, dtype=data.features.dtype).reshape(len(data.features), -1)
    flat = flat if flat.dtype == np.uint8 else flat + np.float32(0)
    digests = [hashlib.blake2b(row.tobytes(), digest_size=16, key=salt).digest() for row in flat]
    held_out = [int.from_bytes(digest[:8], "little") < section.test_share * 2.0**64 for digest in digests]
    first: dict[bytes, int] = {}
    for row, digest in enumerate(digests):
        first.setdefault(digest, row)
    units = np.array([row for row in first.values() if not held_out[row]])
    plain = section.stratify is False or data.schema.task == "regression"
    strata = np.zeros(len(units)) if plain else data.targets[units]
    found = []
    for repeat in range(section.repeats):
        dealer = StratifiedKFold(section.folds, shuffle=True, random_state=seed_of("folds", section.seed, repeat))
        for fold, (kept, scored) in enumerate(dealer.split(units, strata)):
            draws = np.random.RandomState(seed_of("inner", section.seed, repeat, fold))
            role = dict.fromkeys(units[kept].tolist(), Role.TRAINING) | dict.fromkeys(
                units[scored].tolist(), Role.SCORED
            )
            for stratum in np.unique(strata[kept]):
                rows_of = units[kept[strata[kept] == stratum]]
                count = min(max(round(section.inner_share * len(rows_of)), 1), len(rows_of) - 1)
                role |= dict.fromkeys(draws.permutation(rows_of)[:count].tolist(), Role.INNER_VALIDATION)
            found.append([role.get(first[digest], Role.TEST) for digest in digests])
    return np.array(found)
