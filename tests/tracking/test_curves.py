"""Learning curves for the record: members' own, means over those alive, best epochs; live as from the file."""

from collections.abc import Mapping
from math import inf, nan
from pathlib import Path

import pytest

from foldproof.data.splits import Member
from foldproof.tracking.curves import Curves, replay
from foldproof.tracking.layers_watched import NAMES, figures_in
from foldproof.training.events import EpochEnded, FitStarted, LayersWatched, MemberStopped
from foldproof.training.watched import Watched
from tests.tracking.projects import EPOCHS, MEMBERS, figures, leave_training, tell_fit

Told = dict[tuple[Member | None, int | None], dict[str, float]]


def listener() -> tuple[Told, Curves]:
    told: Told = {}

    def write(values: Mapping[str, float], member: Member | None, epoch: int | None) -> None:
        assert (member, epoch) not in told, "each figure once"
        told[member, epoch] = dict(values)

    return told, Curves(write)


def test_each_member_is_told_as_it_was() -> None:
    told, curves = listener()
    tell_fit(curves.take)
    assert all(told[member, epoch] == figures(member, epoch) for member in MEMBERS for epoch in range(EPOCHS))


def test_means_and_best_values_by_hand() -> None:
    told, curves = listener()
    tell_fit(curves.take)
    # Member 0 has training loss 1, 1/2, 1/3, member 1 has one more; the best epoch of both is 1.
    assert [told[None, epoch]["training_loss"] for epoch in range(3)] == pytest.approx([1.5, 1.0, 1 / 3 + 0.5])
    assert told[None, 0]["members_alive"] == 2
    assert (None, None) not in told
    curves.close()
    assert told[MEMBERS[1], None] == {
        "best_training_loss": 1.5,
        "best_inner_validation_loss": 1.5,
        "best_inner_validation_accuracy": pytest.approx(0.65),
        "best_epoch": 1.0,
        "epochs": 3.0,
    }
    assert told[None, None]["best_inner_validation_loss"] == 1.0
    assert told[None, None]["best_inner_validation_accuracy"] == pytest.approx(0.625)


def test_a_mean_is_over_the_members_alive() -> None:
    told, curves = listener()
    curves.take(FitStarted(MEMBERS, 5, 1, "accuracy", 1, "cpu", 1, 1))
    curves.take(EpochEnded(0, MEMBERS, (1.0, 3.0), (1.0, 1.0), (0.0, 0.0), (0.1, 0.1), 1))
    curves.take(MemberStopped(MEMBERS[0], 0, 0, "patience"))
    curves.take(EpochEnded(1, MEMBERS[1:], (2.5,), (1.0,), (0.0,), (0.1,), 1))
    assert [told[None, epoch]["training_loss"] for epoch in range(2)] == [2.0, 2.5]
    assert [told[None, epoch]["members_alive"] for epoch in range(2)] == [2.0, 1.0]


def test_means_over_populations_wait_for_the_last_one_and_are_the_same() -> None:
    together, curves = listener()
    tell_fit(curves.take)
    curves.close()
    one_by_one, curves = listener()
    tell_fit(curves.take, populations=2)
    assert not [key for key in one_by_one if key[0] is None]
    curves.close()
    assert one_by_one == together


def test_a_fit_that_goes_on_knows_the_best_epoch_of_before() -> None:
    told, curves = listener()
    for member in MEMBERS:
        for epoch in range(2):
            curves.remember(member, epoch, figures(member, epoch))
    tell_fit(curves.take, epochs=range(2, EPOCHS))
    assert told[MEMBERS[0], None]["best_inner_validation_loss"] == 0.5
    assert (MEMBERS[0], 0) not in told


def test_a_fit_that_breaks_off_has_no_best_values() -> None:
    told, curves = listener()
    tell_fit(curves.take, epochs=range(2))
    curves.close()
    assert not [key for key in told if key[1] is None]


def test_the_file_tells_what_training_told(tmp_path: Path) -> None:
    live, curves = listener()
    tell_fit(curves.take)
    curves.close()
    leave_training(tmp_path)
    told, _ = listener()
    replay(tmp_path / "reports" / "curves.csv", {}, {(0, 0): 1}, 0, lambda v, m, e: told.update({(m, e): dict(v)}))
    assert told == live


def look(step: int, norm: float) -> LayersWatched:
    ratios = {"0.weight": (0.1, nan), "2.weight": (0.001 * step, 0.5)}
    dead = {"1 (ReLU)": (0.25, 0.0), "3 (ReLU)": (0.5, 0.0)}
    return LayersWatched(0, step, MEMBERS, (1.0, 1.0), (norm, inf), (0.1, 0.1), ratios, dead, {})


def test_of_an_epochs_looks_the_last_is_written_with_the_epoch_live_and_from_the_file(tmp_path: Path) -> None:
    told, curves = listener()
    watched = Watched()
    for event in (look(2, 3.0), look(4, 5.0)):
        curves.take(event)
        watched(event)
    curves.take(EpochEnded(0, MEMBERS, (1.0, 3.0), (1.0, 1.0), (0.0, 0.0), (0.1, 0.1), 2))
    curves.take(EpochEnded(1, MEMBERS, (1.0, 3.0), (1.0, 1.0), (0.0, 0.0), (0.1, 0.1), 2))
    first = {"gradient_norm": 5.0, "update_ratio_least": 0.004, "update_ratio_largest": 0.1, "dead": 0.5}
    second = {"update_ratio_least": 0.5, "update_ratio_largest": 0.5, "dead": 0.0}
    found = [{name: told[member, 0][name] for name in NAMES if name in told[member, 0]} for member in MEMBERS]
    assert found == [first, second]
    assert not set(told[MEMBERS[0], 1]) & set(NAMES)
    watched.save(tmp_path / "watched.csv")
    where = {(member.repeat, member.fold, 0): values for member, values in zip(MEMBERS, found, strict=True)}
    assert figures_in(tmp_path / "watched.csv") == where


def test_a_member_without_an_epoch_has_no_best_values() -> None:
    told, curves = listener()
    curves.take(FitStarted(MEMBERS, 5, 1, "accuracy", 1, "cpu", 1, 1))
    curves.take(MemberStopped(MEMBERS[0], 0, -1, "diverged", "why"))
    assert (MEMBERS[0], None) not in told
