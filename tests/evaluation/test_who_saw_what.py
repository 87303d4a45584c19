"""Every check of leakage passes on an honest split and fails on one that was tampered with."""

from dataclasses import replace

import numpy as np
import pytest
from tests.data.splittable import rows
from tests.evaluation.stand_in import digits_run

from foldproof.config.split import Split as SplitSection
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Role, Split, make_split
from foldproof.evaluation.assessment import Check
from foldproof.evaluation.who_saw_what import checks_of_rows


def checked(split: Split, dataset: Dataset | None = None, manifest: object = "its own") -> dict[str, Check]:
    run = digits_run()
    statistics = run.manifest if manifest == "its own" else manifest
    found = checks_of_rows(split, dataset or run.dataset, statistics)  # type: ignore[arg-type]
    return {check.name: check for check in found}


def tampered(split: Split, member: int, role: Role, instead: Role, rows: int = 1) -> Split:
    """The split with some rows of one role given another."""
    roles = split.roles.copy()
    roles[member, split.rows(member, role)[:rows]] = instead
    return replace(split, roles=roles)


def test_an_honest_split_passes() -> None:
    found = checked(digits_run().split)
    assert {check.status for check in found.values()} == {"ok"}
    assert "348 of 1797 rows" in found["test_set"].sentence
    assert found["folds"].sentence == "Each of the 1449 rows outside the test set is scored once."
    inner = len(digits_run().split.rows(0, Role.INNER_VALIDATION))
    assert f"{inner} inner-validation rows" in found["stopping"].sentence
    assert "verified from the split's manifest" in found["stopping"].sentence


def test_a_test_row_that_was_trained_on() -> None:
    split = digits_run().split
    assert checked(tampered(split, 2, Role.TEST, Role.TRAINING))["test_set"].status == "fail"
    assert checked(tampered(split, 2, Role.SCORED, Role.TEST))["test_set"].status == "fail"


def test_a_row_that_nobody_scores() -> None:
    found = checked(tampered(digits_run().split, 0, Role.SCORED, Role.TRAINING))
    assert found["folds"].status == "fail"


def test_a_row_that_is_scored_twice() -> None:
    """Also where another one of that repeat, or the same one in another repeat, is scored once less."""
    split = digits_run().split
    twice = tampered(split, 0, Role.TRAINING, Role.SCORED)
    assert checked(twice)["folds"].status == "fail"
    balanced = tampered(twice, 1, Role.SCORED, Role.TRAINING)
    assert (balanced.roles == Role.SCORED).sum() == (split.roles == Role.SCORED).sum()
    assert checked(balanced)["folds"].status == "fail"


def test_every_repeat_scores_every_row_once() -> None:
    run = digits_run(3, 2)
    honest = checked(run.split, manifest=run.manifest)["folds"]
    assert (honest.status, honest.sentence.split(" is ")[1]) == ("ok", "scored 2 times, once a repeat.")
    row = run.split.rows(0, Role.SCORED)[0]
    roles = run.split.roles.copy()
    scorer = int(np.flatnonzero(roles[3:, row] == Role.SCORED)[0]) + 3
    roles[scorer, row] = Role.TRAINING  # never in repeat 1
    never = checked(replace(run.split, roles=roles.copy()), manifest=run.manifest)["folds"]
    roles[1, row] = Role.SCORED  # and twice in repeat 0: still two times in all
    assert (roles[:, row] == Role.SCORED).sum() == 2
    twice = checked(replace(run.split, roles=roles), manifest=run.manifest)["folds"]
    assert (never.status, twice.status) == ("fail", "fail")
    assert "repeat 1" in never.sentence
    assert "repeat 0" in twice.sentence


def test_no_test_set() -> None:
    run = digits_run()
    split = make_split(run.dataset, SplitSection(test_share=0.0), seed=0)
    found = checked(split)
    assert found["test_set"].status == "warn"
    assert "split.test_share" in found["test_set"].sentence


def test_no_inner_validation() -> None:
    found = checked(tampered(digits_run().split, 1, Role.INNER_VALIDATION, Role.TRAINING, rows=1000))
    assert found["stopping"].status == "fail"


def test_statistics_fitted_on_other_rows() -> None:
    run = digits_run()
    hashes = dict(run.manifest["rows_sha256"])
    hashes["fold 3"] = hashes["fold 2"]
    found = checked(run.split, manifest={"rows_sha256": hashes})["preprocessing"]
    assert found.status == "fail"
    assert "fold 3" in found.sentence
    assert checked(run.split, manifest=None)["preprocessing"].status == "warn"


def with_copies(labels_differ: bool = False) -> Dataset:
    """Forty rows, then copies of the first five."""
    draws = np.random.Generator(np.random.Philox(0))
    rows = draws.normal(size=(40, 3))
    labels = np.arange(40) % 2
    copies = 1 - labels[:5] if labels_differ else labels[:5]
    features, targets = np.concatenate([rows, rows[:5]]), np.concatenate([labels, copies])
    return describe("copies", features, targets, "classification")


def test_duplicates_stay_together() -> None:
    data = with_copies()
    split = make_split(data, SplitSection(folds=3), seed=0)
    found = checked(split, data, None)
    assert found["duplicates"].status == "ok"
    assert "10 rows are copies of one another, in 5 groups" in found["duplicates"].sentence
    assert found["conflicting_duplicates"].status == "ok"


@pytest.mark.parametrize(("one", "other"), [(Role.TRAINING, Role.SCORED), (Role.TEST, Role.INNER_VALIDATION)])
def test_duplicates_on_two_sides(one: Role, other: Role) -> None:
    data = with_copies()
    split = make_split(data, SplitSection(folds=3), seed=0)
    roles = split.roles.copy()
    roles[0, [0, 40]] = one, other
    assert checked(replace(split, roles=roles), data, None)["duplicates"].status == "fail"


def test_duplicates_in_training_and_inner_validation_are_one_side() -> None:
    data = with_copies()
    split = make_split(data, SplitSection(folds=3), seed=0)
    roles = split.roles.copy()
    roles[:, 0], roles[:, 40] = Role.TRAINING, Role.INNER_VALIDATION
    assert checked(replace(split, roles=roles), data, None)["duplicates"].status == "ok"


def test_copies_with_other_labels() -> None:
    data = with_copies(labels_differ=True)
    found = checked(make_split(data, SplitSection(folds=3), seed=0), data, None)["conflicting_duplicates"]
    assert found.status == "warn"
    assert found.sentence.startswith("5 groups")


GROUPS = np.arange(120) // 4


def of_groups(**section: object) -> tuple[Dataset, Split]:
    data = rows(120, groups=GROUPS)
    return data, make_split(data, SplitSection(folds=3, **section), seed=0)  # type: ignore[arg-type]


def test_groups_stay_together() -> None:
    data, split = of_groups()
    found = checked(split, data, None)
    assert found["groups"].status == "ok"
    assert "No group is both learnt from and scored: each of the 30" in found["groups"].sentence
    assert "by a hash of their group" in found["test_set"].sentence
    assert "groups" not in checked(digits_run().split)


@pytest.mark.parametrize(("one", "other"), [(Role.TRAINING, Role.SCORED), (Role.TEST, Role.INNER_VALIDATION)])
def test_a_group_on_two_sides(one: Role, other: Role) -> None:
    data, split = of_groups()
    roles = split.roles.copy()
    roles[0, [0, 3]] = one, other
    assert checked(replace(split, roles=roles), data, None)["groups"].status == "fail"


def test_groups_that_were_not_asked_for() -> None:
    data, split = of_groups(kind="random")
    found = checked(split, data, None)["groups"]
    assert found.status == "warn"
    assert "split.kind is random" in found.sentence


def test_no_group_in_the_test_set() -> None:
    data = rows(40, groups=np.arange(40) // 10)
    section = next(
        one
        for one in (SplitSection(folds=2, stratify=False, test_share=0.1, seed=seed) for seed in range(50))
        if make_split(data, one, 0).audit["test_rows"] == 0
    )
    found = checked(make_split(data, section, 0), data, None)["test_set"]
    assert (found.status, "another split.seed" in found.sentence) == ("warn", True)


def over_time(gap: float = 0.0) -> tuple[Dataset, Split]:
    data = rows(120, times=np.arange(120.0))
    return data, make_split(data, SplitSection(folds=3, gap=gap), seed=0)


def test_time_in_order() -> None:
    data, split = over_time(gap=2.0)
    found = checked(split, data, None)
    assert {check.status for name, check in found.items() if name != "preprocessing"} == {"ok"}
    assert "earlier by more than 2 than" in found["time"].sentence
    assert "Each of the 72 rows after the first block of time" in found["folds"].sentence
    assert "24 of 120 rows are the latest" in found["test_set"].sentence


@pytest.mark.parametrize("row", [22, 40, 60, 95])
def test_a_member_that_learnt_from_what_is_not_earlier(row: int) -> None:
    """Fold 0 is scored on rows 24 to 47: row 22 is in the gap, row 40 scored, and 60 and 95 are later."""
    data, split = over_time(gap=2.0)
    roles = split.roles.copy()
    roles[0, row] = Role.TRAINING
    found = checked(replace(split, roles=roles), data, None)["time"]
    assert (found.status, found.sentence.split()[:2]) == ("fail", ["fold", "0"])


def test_a_row_after_the_first_block_that_nobody_scores() -> None:
    data, split = over_time()
    assert checked(tampered(split, 1, Role.SCORED, Role.UNUSED), data, None)["folds"].status == "fail"


def test_times_that_were_not_asked_for() -> None:
    data = rows(120, times=np.arange(120.0))
    found = checked(make_split(data, SplitSection(kind="random"), 0), data, None)["time"]
    assert found.status == "warn"


def test_a_given_test_set_and_what_it_leaves_unused() -> None:
    data = rows(120, copies=20, given_test=np.arange(120) >= 90)
    found = checked(make_split(data, SplitSection(folds=3), 0), data, None)
    assert found["duplicates"].status == "ok"
    assert "30 of 120 rows came with the data" in found["test_set"].sentence
    assert "are used by nobody" in found["folds"].sentence


def test_copies_that_were_asked_to_be_separate() -> None:
    data = rows(120, copies=60)
    found = checked(make_split(data, SplitSection(folds=3, duplicates="separate"), 0), data, None)["duplicates"]
    assert (found.status, "split.duplicates is separate" in found.sentence) == ("warn", True)


def test_an_earlier_copy_is_no_leak_where_time_orders() -> None:
    data = replace(with_copies(), times=np.arange(len(with_copies().features), dtype=np.float64))
    found = checked(make_split(data, SplitSection(folds=2), 0), data, None)["duplicates"]
    assert found.status == "ok"
    assert "learns from the earlier ones alone" in found.sentence
