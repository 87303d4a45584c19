"""Groups dealt whole: balanced about as scikit-learn balances them, stable as data grows, refused where too few."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from foldproof.config.split import Split as Section
from foldproof.data.splits import Role, make_split
from foldproof.data.splits.by_group import balanced
from foldproof.errors import ConfigError, DataError
from tests.data.splittable import parted, rows
from tests.data.test_duplicates import sentences

many = settings(max_examples=30, deadline=None)


def imbalance(folds: list[NDArray[Any]], targets: NDArray[Any]) -> float:
    """Over classes, the mean standard deviation of what each fold has of a class, as a share of the class."""
    counts = np.array([np.bincount(targets[fold], minlength=targets.max() + 1) for fold in folds])
    return float((counts / counts.sum(axis=0)).std(axis=0).mean())


def test_classes_are_balanced_as_well_as_scikit_learn_balances_them() -> None:
    """Groups of one to twenty rows, each with a leaning to one class; mean over twenty draws."""
    ours, theirs = [], []
    for seed in range(20):
        draws = np.random.Generator(np.random.Philox(seed))
        groups = np.repeat(np.arange(60), draws.integers(1, 21, 60))
        leaning = draws.integers(0, 3, 60)[groups]
        targets = np.where(draws.random(len(groups)) < 0.7, leaning, draws.integers(0, 3, len(groups)))
        data = replace(rows(len(groups)), targets=targets, groups=groups)
        split = make_split(data, Section(folds=5, test_share=0.0, seed=seed), 0)
        ours.append(imbalance([split.rows(member, Role.SCORED) for member in range(5)], targets))
        dealer = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        theirs.append(imbalance([scored for _, scored in dealer.split(targets, targets, groups)], targets))
    assert np.mean(ours) <= np.mean(theirs)
    assert max(ours) < 0.02  # of 0.2


@many
@given(st.integers(0, 500), st.integers(2, 6))
def test_without_classes_the_largest_goes_where_there_is_least(seed: int, parts: int) -> None:
    """Graham's bound: the fullest part has at most 4/3 - 1/(3 k) of what it must have at least."""
    sizes = np.random.Generator(np.random.Philox(seed)).integers(1, 50, 40)
    part = balanced((sizes / sizes.sum())[:, None], [1 / parts] * parts, seed)
    loads = np.bincount(part, weights=sizes, minlength=parts)
    least = max(sizes.sum() / parts, sizes.max())
    assert loads.max() <= (4 / 3 - 1 / (3 * parts)) * least * (1 + 1e-9)


@many
@given(st.integers(0, 500), st.sampled_from([0.1, 0.3, 0.5]))
def test_inner_validation_has_about_its_share(seed: int, share: float) -> None:
    data = rows(600, seed, groups=np.random.Generator(np.random.Philox(seed)).integers(0, 100, 600))
    split = make_split(data, Section(folds=3, inner_share=share, seed=seed), 0)
    for member in range(3):
        found = len(split.rows(member, Role.INNER_VALIDATION)) / len(split.training_part(member))
        assert abs(found - share) < 0.03


@many
@given(st.integers(0, 500), st.integers(30, 180))
def test_a_group_never_changes_side_as_data_grows(seed: int, fewer: int) -> None:
    """Rows, and with them new groups, are added at the end, some of them copies of earlier ones."""
    groups = np.arange(200) // 4
    grown = rows(200, seed, groups=groups)
    before = rows(200, seed)
    before = replace(before, features=before.features[:fewer], targets=before.targets[:fewer], groups=groups[:fewer])
    section = Section(folds=2, test_share=0.3, seed=seed, stratify=False)
    in_test = make_split(grown, section, 0).roles[0] == Role.TEST
    assert np.array_equal(in_test[:fewer], make_split(before, section, 0).roles[0] == Role.TEST)


@pytest.mark.parametrize("groups", [10, 20, 100, 1000])
def test_few_groups_are_divided_as_evenly_as_many(groups: int) -> None:
    counts = []
    for seed in range(10):
        data = rows(2 * groups, groups=np.repeat(np.arange(groups), 2))
        split = make_split(data, Section(folds=2, stratify=False, test_share=0.2, seed=seed), 0)
        counts.append(split.audit["test_rows"] / 2)
    assert np.abs(np.array(counts) - 0.2 * groups).max() <= 2
    assert max(counts) > 0


def test_another_seed_holds_out_other_groups_and_repeats_deal_anew() -> None:
    data = rows(300, groups=np.arange(300) // 5)
    first, second = (make_split(data, Section(folds=3, repeats=2, seed=seed), 0) for seed in (0, 1))
    assert not np.array_equal(first.test_rows(), second.test_rows())
    assert not np.array_equal(first.roles[:3], first.roles[3:])
    assert parted(first, data.groups) == 0  # type: ignore[arg-type]


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match=r"5 folds of 1 group outside the test set, needed: 5; lower split\.folds"):
        make_split(rows(60, groups=np.zeros(60, dtype=np.int64)), Section(test_share=0.0), 0)
    with pytest.raises(DataError, match="2 folds of 3 groups outside the test set, needed: 4"):
        make_split(rows(60, groups=np.arange(60) % 3), Section(test_share=0.0, folds=2, stratify=False), 0)


def test_one_group_as_large_as_all_others_is_refused_where_it_is_all_that_is_left() -> None:
    groups = np.concatenate([np.zeros(100, dtype=np.int64), [1, 2, 3, 4]])
    with pytest.raises(DataError, match="one group alone"):
        make_split(rows(104, groups=groups), Section(test_share=0.0, folds=2, stratify=False), 0)


def test_classes_in_few_groups_are_all_named() -> None:
    data = rows(60, groups=np.arange(60) // 3)
    targets = np.zeros(60, dtype=np.int64)
    targets[:3], targets[3:6] = 1, 2
    with pytest.raises(DataError) as caught:
        make_split(replace(data, targets=targets), Section(test_share=0.0, folds=3), 0)
    assert [problem.split("'")[1] for problem in caught.value.problems] == ["1", "2"]
    assert "is in 1 groups outside the test set, 3 stratified folds need 3" in caught.value.problems[0]


def test_sentences_stay_whole_and_equal_ones_together() -> None:
    data = sentences("ab", "cde", "fg", "ab", "hij", "k", "lmn", "opq", "r", "stu")
    split = make_split(data, Section(folds=2, test_share=0.0), 0)
    assert (split.audit["kind"], split.audit["unit"], split.audit["stratified"]) == ("group", "sentence", False)
    assert parted(split, data.groups) == 0  # type: ignore[arg-type]
    assert np.array_equal(split.roles[:, :2], split.roles[:, 7:9])


def test_words_dealt_at_random_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"split\.kind: found random, legal for text: auto or group"):
        make_split(sentences("ab", "cde"), Section(kind="random"), 0)
