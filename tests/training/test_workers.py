"""Worker processes train what one process trains, and whatever befalls one of them, no figure and no error is lost."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from foldproof.errors import TrainingError
from foldproof.training import workers
from foldproof.training.assignment import Assignment
from foldproof.training.engines import in_process
from foldproof.training.event_log import EventLog, read_events
from foldproof.training.events import EpochEnded, Event, FitContinued, MemberStopped, Sink
from foldproof.training.kept import Kept
from foldproof.training.resume import Resume
from foldproof.training.workers import in_workers
from tests.training.setting import Killed, dying_after
from tests.training.trainings import assignment_in, job, of_population, trained


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

    longer = {"population": 2, "epochs": 60, "early_stopping": {"patience": 60}}
    survived = trained(job(engine="workers", **longer), [kill_a_worker], Resume(tmp_path))
    assert killed
    assert "go on from their last epoch" in capsys.readouterr().err
    straight = trained(job(engine="in_process", **longer))
    assert all((a == b).all() for a, b in zip(survived.out_of_fold, straight.out_of_fold, strict=True))


def worker_processes() -> list[int]:
    return [process.pid for process in multiprocessing.active_children() if process.pid]


def test_workers_that_keep_dying_end_the_training_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "DEATHS", 2)
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.1):
            try:
                for process in worker_processes():
                    os.kill(process, signal.SIGKILL)
            except (ProcessLookupError, RuntimeError):
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

    chosen = job(engine="workers", epochs=400, early_stopping={"patience": 400})
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        trained(chosen, [broken], Resume(tmp_path))
    assert isinstance(told[-1], EpochEnded)
    assert sum(isinstance(event, EpochEnded) for event in told) == 1, "no sink is told anything after"
    assert not worker_processes()
    logs = list(tmp_path.rglob("events.jsonl"))
    assert logs
    assert all(event.epoch < 399 for log in logs for event, _ in read_events(log) if isinstance(event, EpochEnded))


class WithFullDisk(Assignment):
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
    in_process(assignment_in(None), [straight.append])
    with pytest.raises(Killed):
        in_process(assignment_in(tmp_path), [dying_after(2)])
    in_workers(WithFullDisk(**vars(assignment_in(tmp_path))), [told.append])
    assert [event.epochs for event in told if isinstance(event, FitContinued)] == [2]
    for number in (0, 1):
        assert of_population(told, number) == of_population(straight, number)


def test_divergence_in_a_worker_is_told_as_it_is_here() -> None:
    told = []
    for engine in ("workers", "in_process"):
        with pytest.raises(TrainingError, match="Members diverged") as caught:
            trained(job(engine=engine, population=2, optimizer={"name": "sgd", "learning_rate": 1e30}))
        told.append(caught.value.problems)
    assert told[0] == told[1]
    assert len(told[0]) == 5, "a line a member, and the advice"
