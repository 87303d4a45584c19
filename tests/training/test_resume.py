"""Killed and resumed equals straight through, to the bit; a damaged or missing checkpoint costs an epoch at most."""

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from foldproof.data.splits import Member
from foldproof.data.statistics import fit_statistics
from foldproof.errors import TrainingError
from foldproof.training import workers
from foldproof.training.best_epochs import Kept
from foldproof.training.checkpoints import Checkpoint, CheckpointFolder
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.engines import Engine, in_process
from foldproof.training.event_log import EventLog, read_events
from foldproof.training.events import EpochEnded, Event, FitContinued, MemberStopped, Sink
from foldproof.training.plan import Plan
from foldproof.training.resume import Resume, Trail, events_path
from foldproof.training.task import Task
from foldproof.training.workers import in_workers
from tests.training.setting import Killed, digits, dying_after, fit_together, killed_and_resumed, params, split_of

DATASET = digits(300)
PLAN = Plan(((0, 1), (2, 3)), "in_process", "cpu", "fp32", 1)


def job(**train: Any) -> Any:
    section = {"epochs": 8, "threads": 1, "early_stopping": {"patience": 2}, **train}
    return params(
        model={"name": "mlp", "mlp": {"hidden": [16]}}, train=section, augment={"shift": 1}, split={"folds": 4}
    )


def trained(chosen: Any, sinks: Any = (), resume: Resume | None = None) -> Trained:
    split = split_of(DATASET, chosen)
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    return train_members(DATASET, split, statistics, chosen.model, chosen.train, chosen.augment, sinks, resume)


def task_in(folder: Path | None) -> Task:
    chosen = job()
    split = split_of(DATASET, chosen)
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    return Task(DATASET, split, statistics, chosen.model, chosen.train, chosen.augment, PLAN, folder)


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


def of_population(events: Sequence[Event], number: int) -> list[Event]:
    members = [Member(0, 0, fold) for fold in PLAN.populations[number]]
    return [
        event
        for event in events
        if (
            event.member in members
            if isinstance(event, MemberStopped)
            else isinstance(event, EpochEnded) and event.members[0] in members
        )
    ]


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
    in_process(task_in(None), [straight.append])
    with pytest.raises(Killed):
        in_process(task_in(tmp_path), [dying_after(5)])
    log = events_path(tmp_path / "population-0")
    content = log.read_bytes()
    log.unlink() if how == "all" else log.write_bytes(damaged(content, how))
    engine(task_in(tmp_path), [told.append])
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


def test_workers_equal_one_process_with_the_same_packing() -> None:
    told: list[Event] = []
    in_workers = trained(job(engine="workers", population=2), [told.append])
    here = trained(job(engine="in_process", population=2))
    plan = in_workers.model.record["plan"]
    assert plan["engine"] == "workers"
    assert len(plan["populations"]) == 2
    for a, b in zip(in_workers.out_of_fold, here.out_of_fold, strict=True):
        assert (a == b).all()
    epochs = [event for event in told if isinstance(event, EpochEnded)]
    assert len({(event.members[0], event.epoch) for event in epochs}) == len(epochs)
    assert sum(isinstance(event, MemberStopped) for event in told) == 4


def test_a_worker_that_dies_is_run_again_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed: list[int] = []

    def kill_a_worker(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2 and not killed:
            killed.append(next(iter(worker_processes())))
            os.kill(killed[0], signal.SIGKILL)

    chosen = job(engine="workers", epochs=60, early_stopping={"patience": 60})
    survived = trained(chosen, [kill_a_worker], Resume(tmp_path))
    assert killed
    assert "go on from their last epoch" in capsys.readouterr().err
    straight = trained(chosen)
    assert all((a == b).all() for a, b in zip(survived.out_of_fold, straight.out_of_fold, strict=True))


def worker_processes() -> list[int]:
    children = psutil.Process().children()
    return [child.pid for child in children if any("popen_loky" in word for word in child.cmdline())]


def test_workers_that_keep_dying_end_the_training_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "DEATHS", 2)
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.1):
            try:
                for process in worker_processes():
                    os.kill(process, signal.SIGKILL)
            except (ProcessLookupError, psutil.Error):
                continue

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        with pytest.raises(TrainingError, match="2 workers died in a row"):
            trained(job(engine="workers"))
    finally:
        stop.set()
        thread.join()


def test_what_a_sink_raises_beside_workers_ends_them_at_once(tmp_path: Path) -> None:
    told: list[Event] = []

    def broken(event: Event) -> None:
        told.append(event)
        if isinstance(event, EpochEnded):
            raise BrokenPipeError("nobody reads the display")

    chosen = job(engine="workers", epochs=2000, early_stopping={"patience": 2000})
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        trained(chosen, [broken], Resume(tmp_path))
    assert isinstance(told[-1], EpochEnded)
    assert sum(isinstance(event, EpochEnded) for event in told) == 1, "no sink is told anything after"
    assert not worker_processes()
    logs = list(tmp_path.rglob("events.jsonl"))
    assert logs
    assert all(event.epoch < 1000 for log in logs for event, _ in read_events(log) if isinstance(event, EpochEnded))


class WithFullDisk(Task):
    """The disk takes the logs of the first epochs, and of the second population nothing."""

    def run(self, number: int, sinks: Sequence[Sink]) -> Kept:
        real, flushed = EventLog.flush, 0

        def flush(log: EventLog) -> int:
            nonlocal flushed
            flushed += 1
            if number == 1 or flushed > 2:
                raise OSError(28, "No space left on device")
            return real(log)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(EventLog, "flush", flush)
            return super().run(number, sinks)


def test_what_a_full_disk_keeps_out_of_the_logs_of_workers_is_told_all_the_same(tmp_path: Path) -> None:
    straight, told = list[Event](), list[Event]()
    in_process(task_in(None), [straight.append])
    with pytest.raises(Killed):
        in_process(task_in(tmp_path), [dying_after(2)])
    in_workers(WithFullDisk(**vars(task_in(tmp_path))), [told.append])
    assert [event.epochs for event in told if isinstance(event, FitContinued)] == [2]
    for number in (0, 1):
        assert of_population(told, number) == of_population(straight, number)


def test_divergence_in_a_worker_is_told_as_it_is_here() -> None:
    with pytest.raises(TrainingError, match="training diverged"):
        trained(job(engine="workers", optimizer={"name": "sgd", "learning_rate": 1e6}))
