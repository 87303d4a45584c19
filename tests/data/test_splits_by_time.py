"""An expanding window over time, against scikit-learn's and in hand-made cases."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from foldproof.config.split import Split as Section
from foldproof.data.splits import Role, make_split
from foldproof.errors import DataError
from foldproof.evaluation.assess import test_to_training as ratio_of
from tests.data.splittable import rows

many = settings(max_examples=30, deadline=None)


@many
@given(st.integers(1, 20), st.integers(2, 6), st.integers(0, 3), st.integers(0, 2**31 - 1))
def test_it_is_scikit_learns_split_of_rows_in_order(block: int, folds: int, gap: int, seed: int) -> None:
    """With blocks of one size; the gap there leaves out that many rows, and times are 0, 1, ... here."""
    block += 2 * gap + 2
    number = block * (folds + 1)
    order = np.random.Generator(np.random.Philox(seed)).permutation(number)
    data = rows(number, times=order.astype(np.float64))
    split = make_split(data, Section(kind="time", folds=folds, test_share=0.0, gap=float(gap)), 0)
    place = np.argsort(order)
    expected = TimeSeriesSplit(folds, gap=gap).split(np.zeros(number))
    for member, (learnt, scored) in enumerate(expected):
        mine = split.rows(member, Role.SCORED)
        assert set(mine.tolist()) == set(place[scored].tolist())
        part = split.training_part(member)
        assert set(part.tolist()) <= set(place[learnt].tolist())
        behind_inner_gap = len(learnt) - len(part)
        assert behind_inner_gap == gap


def test_twelve_rows_by_hand() -> None:
    """The test set is the latest three, then blocks of three; inner validation the latest third of what is learnt."""
    data = rows(12, times=np.arange(12.0))
    split = make_split(data, Section(folds=2, test_share=0.25, inner_share=0.34), 0)
    t, i, s, u, test = Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED, Role.UNUSED, Role.TEST
    assert split.roles.tolist() == [
        [t, t, i, s, s, s, u, u, u, test, test, test],
        [t, t, t, t, i, i, s, s, s, test, test, test],
    ]
    assert split.learnt_rows().tolist() == [0, 1, 2, 3, 4, 5]
    assert ratio_of(split) == pytest.approx((3 / 3 + 3 / 6) / 2)
    assert (split.audit["test_set"], split.audit["stratified"], split.audit["ordered"]) == ("latest", False, True)


def test_the_gap_lies_before_what_is_scored_and_before_inner_validation() -> None:
    split = make_split(rows(12, times=np.arange(12.0)), Section(folds=2, test_share=0.0, inner_share=0.2, gap=1.0), 0)
    t, i, s, u = Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED, Role.UNUSED
    assert split.roles.tolist() == [
        [t, u, i, u, s, s, s, s, u, u, u, u],
        [t, t, t, t, t, u, i, u, s, s, s, s],
    ]


def test_rows_of_one_time_stay_together() -> None:
    """Of twelve rows, blocks would start at rows 4 and 8; row 3 is as late as row 4, and goes with it."""
    times = np.array([0, 0, 1, 2, 2, 2, 2, 2, 3, 3, 4, 4.0])
    split = make_split(rows(12, times=times), Section(folds=2, test_share=0.0), 0)
    t, i, s, u = Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED, Role.UNUSED
    assert split.roles.tolist() == [
        [t, t, i, s, s, s, s, s, u, u, u, u],
        [t, t, t, i, i, i, i, i, s, s, s, s],
    ]


def test_what_is_of_a_later_rows_group_is_unused_and_what_equals_one_is_learnt_from() -> None:
    data = rows(24, times=np.arange(24.0))
    features = np.array(data.features)
    features[13] = features[1]  # 13 is later than all that fold 0 or fold 1 may learn from
    features[23] = features[2]  # 23 is a test row
    groups = np.arange(24)
    groups[[3, 8]] = 3  # 8 is scored in fold 0
    split = make_split(
        replace(data, features=features, groups=groups), Section(kind="time", folds=2, test_share=0.25), 0
    )
    assert split.roles[:, 2].tolist() == [Role.TRAINING, Role.TRAINING]
    assert split.roles[:, 3].tolist() == [Role.UNUSED, Role.TRAINING]
    assert split.roles[:, 1].tolist() == [Role.TRAINING, Role.TRAINING]
    assert split.roles[:, 0].tolist() == [Role.TRAINING, Role.TRAINING]
    assert split.roles[1, 13] == Role.SCORED
    assert split.audit["unused_rows"] == 0


def test_what_is_learnt_from_does_not_depend_on_what_comes_later() -> None:
    """Few kinds of rows, so that nearly each comes again: all earlier ones are learnt from, not the rare ones alone."""
    data = rows(240, times=np.arange(240.0))
    data = replace(data, features=np.array(data.features)[np.arange(240) % 7 % 5])
    split = make_split(data, Section(folds=3), 0)
    for member in range(3):
        earlier = np.arange(split.rows(member, Role.SCORED)[0])
        assert np.array_equal(split.training_part(member), earlier)


def test_rows_as_late_as_a_given_test_set_are_used_by_nobody() -> None:
    given_test = np.zeros(40, dtype=bool)
    given_test[[30, 35]] = True
    split = make_split(rows(40, times=np.arange(40.0), given_test=given_test), Section(folds=2), 0)
    assert (split.roles[:, 31:35] == Role.UNUSED).all()
    assert (split.roles[:, 36:] == Role.UNUSED).all()
    assert split.rows(1, Role.SCORED).tolist() == list(range(20, 30))


@pytest.mark.parametrize(
    ("times", "section", "message"),
    [
        (np.arange(40.0), {"gap": 30.0}, r"split\.gap: with 30, fold 0, scored from \d+ on, has nothing to train on"),
        (np.arange(40.0), {"gap": 4.0}, r"split\.gap: with 4, fold 0, .* leave none for training before inner"),
        (
            np.arange(40.0) // 13,
            {"folds": 2, "test_share": 0.0},
            r"split\.folds: fold 0, .* the 13 rows .* leave none",
        ),
        (np.zeros(40), {"test_share": 0.0}, r"split\.folds: 5 folds over time need 6 blocks"),
        (np.arange(40.0) // 10, {}, r"are of \d different times"),
        (np.where(np.arange(40) == 7, np.nan, 1.0), {}, r"data\.time: missing in 1 row \(7\)"),
    ],
)
def test_what_cannot_be_dealt_is_refused(times: Any, section: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make_split(rows(40, times=times), Section(**section), 0)
