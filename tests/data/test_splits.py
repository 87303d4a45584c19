"""Splits by their invariants: complete, disjoint, balanced, stable under growth; equal rows never part."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from foldproof.config.split import Split as Section
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Role, Split, make_split
from foldproof.data.splits.by_row import folds_of
from foldproof.errors import ConfigError, DataError
from tests.training.setting import digits


def table(rows: int, classes: int, seed: int, copies: int = 0) -> Dataset:
    """Random rows, every class equally often, the first `copies` rows repeated at the end."""
    generator = np.random.Generator(np.random.Philox(seed))
    features = generator.normal(size=(rows, 3))
    targets = np.arange(rows) % classes
    features, targets = (
        np.concatenate([features, features[:copies]]),
        np.concatenate([targets, targets[:copies]]),
    )
    return describe("table", features, targets, "classification")


jobs = st.fixed_dictionaries(
    {
        "folds": st.integers(2, 6),
        "repeats": st.integers(1, 3),
        "test_share": st.sampled_from([0.0, 0.1, 0.3]),
        "inner_share": st.sampled_from([0.1, 0.25, 0.5]),
        "stratify": st.sampled_from([True, False, "auto"]),
    }
)
many = settings(max_examples=40, deadline=None)


@many
@given(jobs, st.integers(0, 1000), st.integers(0, 30))
def test_roles_are_complete_and_disjoint(job: dict[str, Any], seed: int, copies: int) -> None:
    split = make_split(table(150, 3, seed, copies), Section(**job, seed=seed), seed)
    test_rows = split.test_rows()
    outside = np.setdiff1d(np.arange(150 + copies), test_rows)
    for repeat in range(job["repeats"]):
        members = [index for index, member in enumerate(split.members) if member.repeat == repeat]
        scored = np.concatenate([split.rows(index, Role.SCORED) for index in members])
        assert sorted(scored) == sorted(outside), "each row outside the test set is scored once a repeat"
    for index in range(len(split.members)):
        assert np.array_equal(split.rows(index, Role.TEST), test_rows), "all members have the same test set"
        part = split.training_part(index)
        assert np.array_equal(
            np.sort(np.concatenate([part, split.rows(index, Role.SCORED), test_rows])),
            np.arange(150 + copies),
        )
        assert len(split.rows(index, Role.TRAINING)) > 0
        assert len(split.rows(index, Role.INNER_VALIDATION)) > 0


@many
@given(jobs, st.integers(0, 1000), st.integers(1, 60))
def test_equal_rows_have_equal_roles(job: dict[str, Any], seed: int, copies: int) -> None:
    split = make_split(table(150, 3, seed, copies), Section(**job, seed=seed), seed)
    assert np.array_equal(split.roles[:, :copies], split.roles[:, 150:])
    assert split.audit["duplicate_clusters"] == copies
    assert split.audit["duplicate_rows"] == 2 * copies


@many
@given(st.integers(0, 1000), st.integers(2, 6))
def test_stratified_folds_are_balanced(seed: int, folds: int) -> None:
    dataset = table(180, 3, seed)
    split = make_split(dataset, Section(folds=folds, test_share=0.0, seed=seed), seed)
    counts = np.array([np.bincount(dataset.targets[split.rows(i, Role.SCORED)], minlength=3) for i in range(folds)])
    assert (counts.max(axis=0) - counts.min(axis=0)).max() <= 1


@many
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=6).map(lambda more: [6 + count for count in more]),
    st.integers(2, 6),
    st.integers(0, 2**31 - 1),
)
def test_folds_are_dealt_as_scikit_learn_deals_them(sizes: list[int], folds: int, seed: int) -> None:
    strata = np.repeat(10 * np.arange(len(sizes))[::-1], sizes)
    np.random.Generator(np.random.Philox(seed)).shuffle(strata)
    expected = StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(strata)), strata)
    dealt = folds_of(strata, folds, seed)
    for scored, (_, theirs_scored) in zip(dealt, expected, strict=True):
        assert np.array_equal(scored, theirs_scored)
    sizes_of_folds = [len(scored) for scored in dealt]
    assert max(sizes_of_folds) - min(sizes_of_folds) <= 1
    for stratum in np.unique(strata):
        counts = [np.count_nonzero(strata[scored] == stratum) for scored in dealt]
        assert max(counts) - min(counts) <= 1


@many
@given(st.integers(0, 1000), st.integers(50, 140))
def test_a_row_never_changes_side_as_data_grows(seed: int, fewer: int) -> None:
    grown = table(150, 2, seed)
    before = describe("table", grown.features[:fewer], grown.targets[:fewer], "classification")
    section = Section(folds=2, test_share=0.3, seed=seed)
    in_test = make_split(grown, section, seed).roles[0] == Role.TEST
    assert np.array_equal(in_test[:fewer], make_split(before, section, seed).roles[0] == Role.TEST)


def test_the_test_set_has_about_its_share_and_another_seed_another_one() -> None:
    dataset = table(4000, 4, 0)
    first, second = (make_split(dataset, Section(test_share=0.2, seed=seed), 0) for seed in (0, 1))
    assert abs(first.audit["test_rows"] / 4000 - 0.2) < 0.03  # 4.7 standard errors
    assert not np.array_equal(first.test_rows(), second.test_rows())


def test_the_same_seed_deals_the_same_and_repeats_deal_anew() -> None:
    dataset = table(150, 3, 0)
    first, second = (make_split(dataset, Section(repeats=2), 5) for _ in range(2))
    assert np.array_equal(first.roles, second.roles)
    assert not np.array_equal(first.roles[:5], first.roles[5:])


def test_the_members_seed_leaves_every_row_where_it_is() -> None:
    dataset = table(150, 3, 0)
    first, second = (make_split(dataset, Section(), seed) for seed in (0, 1))
    assert np.array_equal(first.roles, second.roles)
    assert [member.seed for member in second.members] == [1] * 5


@many
@given(st.integers(4, 9), st.sampled_from([0.02, 0.1, 0.5, 0.9]), st.integers(2, 4))
def test_a_rare_class_is_trained_on_and_validated_on(rare: int, share: float, folds: int) -> None:
    labels = np.concatenate([np.zeros(200, dtype=np.int64), np.ones(rare, dtype=np.int64)])
    dataset = describe("rare", np.arange(float(len(labels)))[:, None], labels)
    split = make_split(dataset, Section(folds=folds, test_share=0.0, inner_share=share), 0)
    for index in range(folds):
        for role in (Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED):
            assert set(labels[split.rows(index, role)]) == {0, 1}


def test_steps_an_epoch_fit_the_smallest_training_set() -> None:
    split = make_split(table(150, 3, 0), Section(), 0)
    smallest = min(len(split.rows(index, Role.TRAINING)) for index in range(5))
    assert split.steps_per_epoch(16) == smallest // 16
    with pytest.raises(ConfigError, match=f"legal: at most {smallest}"):
        split.steps_per_epoch(smallest + 1)


def test_small_classes_are_all_named() -> None:
    labels = ["many"] * 40 + ["few"] * 4 + ["cta"] * 1
    dataset = describe("animals", np.arange(45.0)[:, None], np.array(labels))
    with pytest.raises(DataError) as caught:
        make_split(dataset, Section(folds=5, test_share=0.0), 0)
    assert [problem.split("'")[1] for problem in caught.value.problems] == ["cta", "few"]


def test_more_folds_than_rows_is_refused() -> None:
    with pytest.raises(DataError, match="9 folds of 6 different rows outside the test set, needed: 18"):
        make_split(describe("few", np.arange(6.0)[:, None], np.arange(6) + 0.5), Section(folds=9, test_share=0.0), 0)


def test_stratifying_numbers_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"split\.stratify"):
        make_split(describe("n", np.arange(60.0)[:, None], np.arange(60) + 0.5), Section(stratify=True), 0)


def test_conflicting_duplicates_are_counted() -> None:
    features = np.concatenate([np.arange(40.0), np.arange(4.0)])[:, None]
    targets = np.concatenate([np.arange(40) % 2, 1 - np.arange(4) % 2])
    assert make_split(describe("t", features, targets), Section(folds=2), 0).audit["conflicting_duplicates"] == 4


def test_what_is_saved_is_what_is_loaded(tmp_path: Any) -> None:
    split = make_split(digits(), Section(), 0)
    split.save(tmp_path)
    loaded = Split.load(tmp_path)
    assert loaded.members == split.members
    assert loaded.audit == split.audit
    assert np.array_equal(loaded.roles, split.roles)
