"""Killed and resumed equals straight through, to the bit; a damaged or missing checkpoint costs an epoch at most."""

import time
from pathlib import Path

import pytest
import torch

from foldproof.training.checkpoints import Checkpoint, CheckpointFolder
from foldproof.training.engines import Engine, in_process
from foldproof.training.event_log import EventLog, read_events
from foldproof.training.events import EpochEnded, Event, FitContinued, MemberStopped
from foldproof.training.resume import Resume, Trail, events_path
from foldproof.training.workers import in_workers
from foldproof.unfinished import FOLDER, clean
from tests.training.setting import Killed, dying_after, fit_together, killed_and_resumed, split_of
from tests.training.trainings import DATASET, assignment_in, job, of_population, trained


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam", "adamw"])
def test_killed_at_every_epoch_and_resumed_is_straight_through(optimizer: str) -> None:
    stopping = {"patience": 1, "minimum_improvement": 0.05}
    optimizing = {"name": optimizer, "learning_rate": 0.05}
    chosen = job(epochs=16, optimizer=optimizing, gradient_clip_norm=1.0, early_stopping=stopping)
    split = split_of(DATASET, chosen)
    straight: list[Event] = []
    resumed: list[Event] = []
    first = fit_together(DATASET, split, chosen, (0, 1, 2, 3), [straight.append])
    assert len(set(first.epochs)) > 1, "nobody was compacted away; the test would show less than it says"
    second = killed_and_resumed(DATASET, split, chosen, (0, 1, 2, 3), [resumed.append])
    assert torch.equal(first.matrix, second.matrix)
    assert all(torch.equal(value, second.buffers[name]) for name, value in first.buffers.items())
    assert (first.best_epoch, first.epochs, first.stopped) == (second.best_epoch, second.epochs, second.stopped)
    assert [event for event in resumed if not isinstance(event, FitContinued)] == straight


def test_a_resumed_training_loses_no_more_than_the_epoch_it_died_in(tmp_path: Path) -> None:
    chosen, trainings = job(), Resume(tmp_path)
    with pytest.raises(Killed):
        trained(chosen, [dying_after(5)], trainings)
    told: list[Event] = []
    again = trained(chosen, [told.append], trainings)
    assert [event.epochs for event in told if isinstance(event, FitContinued)] == [5]
    straight = trained(chosen)
    assert all((a == b).all() for a, b in zip(again.out_of_fold, straight.out_of_fold, strict=True))
    assert again.model.record == straight.model.record


def test_a_changed_param_begins_anew(tmp_path: Path) -> None:
    trainings = Resume(tmp_path)
    with pytest.raises(Killed):
        trained(job(), [dying_after(4)], trainings)
    told: list[Event] = []
    trained(job(label_smoothing=0.1), [told.append], trainings)
    assert not any(isinstance(event, FitContinued) for event in told)


def test_a_training_that_runs_is_not_cleared_away(tmp_path: Path) -> None:
    told: list[str] = []

    def clear(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            for number in range(3):
                Resume(tmp_path / FOLDER).folder(f"{number}" * 40)
            told.append(clean(tmp_path))

    with pytest.raises(Killed):
        trained(job(), [clear, dying_after(5)], Resume(tmp_path / FOLDER))
    assert "passed over 1 in use" in told[0]
    found = Trail(next(tmp_path.rglob("population-0"))).found
    assert found is not None
    assert found.epochs == 5


def test_only_three_trainings_are_kept(tmp_path: Path) -> None:
    trainings = Resume(tmp_path)
    for number in range(5):
        trainings.folder(f"{number}" * 40)
        time.sleep(0.01)
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["2", "3", "4"]


def checkpoint(epochs: int) -> Checkpoint:
    return Checkpoint(epochs, {"matrix": torch.full((2, 3), float(epochs))}, {"epochs": epochs, "score": 0.1})


def test_the_last_two_checkpoints_are_kept_and_read_back(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    assert folder.newest() is None
    for epochs in (1, 2, 10):
        folder.save(checkpoint(epochs))
    assert len(list(tmp_path.iterdir())) == 2
    found = folder.newest()
    assert found is not None
    assert (found.epochs, found.facts) == (10, {"epochs": 10, "score": 0.1})
    assert torch.equal(found.tensors["matrix"], torch.full((2, 3), 10.0))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, damage: str) -> None:
    folder = CheckpointFolder(tmp_path)
    for epochs in (1, 2):
        folder.save(checkpoint(epochs))
    newest = max(tmp_path.iterdir())
    content = bytearray(newest.read_bytes())
    if damage == "flipped":
        content[-1] ^= 1
    newest.write_bytes({"cut": bytes(content[:-5]), "flipped": bytes(content), "empty": b""}[damage])
    found = folder.newest()
    assert found is not None
    assert found.epochs == 1


def test_events_of_an_epoch_whose_checkpoint_is_missing_are_forgotten(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    members = split_of(DATASET, job()).members[:1]
    events = [EpochEnded(epoch, members, (1.0,), (0.5,), (float("inf"),), (0.1,), 1) for epoch in range(3)]
    log(events[0])
    length = log.flush()
    log(events[1])
    log.flush()
    with (tmp_path / "events.jsonl").open("ab") as stream:
        stream.write(b'{"kind": "epo')
    assert [event for event, _ in read_events(tmp_path / "events.jsonl")] == events[:2]
    again = EventLog(tmp_path / "events.jsonl", length)
    assert [event for event, _ in read_events(tmp_path / "events.jsonl")] == events[:1], "nobody follows lost ones"
    again(events[2])
    again(MemberStopped(members[0], 2, 1, "patience"))
    again.flush()
    read = [event for event, _ in read_events(tmp_path / "events.jsonl")]
    assert read == [events[0], events[2], MemberStopped(members[0], 2, 1, "patience")]


def damaged(content: bytes, how: str) -> bytes:
    changed = bytearray(content)
    if how == "a figure":
        changed[content.index(b'"training_loss": [') + 20] ^= 1  # another digit
    if how == "a name":
        changed[3] ^= 1
    if how == "its end":
        del changed[-40:]
    if how == "its second half":
        del changed[len(changed) // 2 :]
    return bytes(changed)


@pytest.mark.parametrize(
    ("how", "engine", "epochs"),
    [
        ("a figure", in_process, 0),
        ("a figure", in_workers, 0),
        ("a name", in_process, 0),
        ("its end", in_process, 4),
        ("its second half", in_process, 0),
        ("all", in_process, 0),
    ],
)
def test_a_damaged_log_of_events_costs_epochs_and_no_figure(
    tmp_path: Path, how: str, engine: Engine, epochs: int
) -> None:
    straight, told = list[Event](), list[Event]()
    in_process(assignment_in(None), [straight.append])
    with pytest.raises(Killed):
        in_process(assignment_in(tmp_path), [dying_after(5)])
    log = events_path(tmp_path / "population-0")
    content = log.read_bytes()
    log.unlink() if how == "all" else log.write_bytes(damaged(content, how))
    engine(assignment_in(tmp_path), [told.append])
    assert [event.epochs for event in told if isinstance(event, FitContinued)] == [epochs] * (epochs > 0)
    for number in (0, 1):
        assert of_population(told, number) == of_population(straight, number)
    assert log.read_bytes().startswith(content)


def test_what_begins_anew_keeps_its_own_checkpoints(tmp_path: Path) -> None:
    chosen = job()
    split = split_of(DATASET, chosen)
    with pytest.raises(Killed):
        fit_together(DATASET, split, chosen, (0, 1), [dying_after(6)], tmp_path)
    events_path(tmp_path).unlink()
    with pytest.raises(Killed):
        fit_together(DATASET, split, chosen, (0, 1), [dying_after(3)], tmp_path)
    found = Trail(tmp_path).found
    assert found is not None
    assert found.epochs == 3


def test_a_full_disk_stops_checkpoints_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = job()
    split = split_of(DATASET, chosen)
    writes = 0
    real = CheckpointFolder.save

    def save(self: CheckpointFolder, found: Checkpoint) -> None:
        nonlocal writes
        writes += 1
        if writes in (3, 4):
            raise OSError(28, "No space left on device")
        real(self, found)

    monkeypatch.setattr(CheckpointFolder, "save", save)
    with pytest.raises(Killed):
        fit_together(DATASET, split, chosen, (0, 1), [dying_after(4)], tmp_path)
    assert "training goes on" in capsys.readouterr().out
    found = Trail(tmp_path).found
    assert found is not None
    assert found.epochs == 2
    resumed = fit_together(DATASET, split, chosen, (0, 1), folder=tmp_path)
    assert torch.equal(resumed.matrix, fit_together(DATASET, split, chosen, (0, 1)).matrix)
