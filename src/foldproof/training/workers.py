"""The engine of several processes on one machine: joblib's workers, one thread each, a population at a time.

A worker's events reach the sinks through its population's log on disk, which the calling process follows. A worker that
dies takes the pool with it (so says loky); what had not come back is run again, and goes on from its last checkpoint.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from foldproof.errors import TrainingError
from foldproof.training.event_log import read_events
from foldproof.training.events import EpochEnded, Event, FitContinued, Sink
from foldproof.training.kept import Kept
from foldproof.training.resume import events_path
from foldproof.training.task import Task

LOOKED_EVERY = 0.2  # seconds between two looks at the logs, and at whether the parent lives
DEATHS = 5  # of workers in a row, without an epoch between them, after which training gives up


def in_workers(task: Task, sinks: Sequence[Sink]) -> list[Kept]:
    """Every population of the plan in a worker process; raises TrainingError when workers keep dying."""
    with TemporaryDirectory() as scratch:
        if task.folder is None:
            task = replace(task, folder=Path(scratch))
        followers = [_Follower(task, number, sinks) for number in range(len(task.plan.populations))]
        with _following(followers):
            found = _run_all(task, followers)
        return [found[number] for number in range(len(followers))]


def _run_all(task: Task, followers: Sequence["_Follower"]) -> dict[int, Kept]:
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import BrokenProcessPool

    found: dict[int, Kept] = {}
    deaths, told = 0, 0
    while len(found) < len(followers):
        left = [number for number in range(len(followers)) if number not in found]
        try:
            with parallel_config("loky", inner_max_num_threads=task.plan.threads):
                run = Parallel(min(os.cpu_count() or 1, len(left)), return_as="generator_unordered", batch_size=1)
                for done in run(delayed(_run)(task, number, os.getpid()) for number in left):
                    found |= done
        except BrokenProcessPool as error:
            progress = sum(follower.told for follower in followers)
            deaths = 1 if progress > told else deaths + 1
            told = progress
            if deaths == DEATHS:
                raise TrainingError(
                    f"{DEATHS} workers died in a row, the last one so: {str(error).splitlines()[0]}",
                    "where memory ran out, lower train.population or set train.engine: in_process",
                ) from None
            print("foldproof: a worker process died; its members go on from their last epoch", file=sys.stderr)
    return found


def _run(task: Task, number: int, parent: int) -> dict[int, Kept]:
    """In the worker."""
    _end_with(parent)
    return {number: task.run(number, ())}


def _end_with(parent: int) -> None:
    """A worker whose parent was killed ends within a moment, so that it does not write where the next one does."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKED_EVERY)
        os.kill(os.getpid(), signal.SIGKILL)

    if not any(thread.name == _WATCHING for thread in threading.enumerate()):
        threading.Thread(target=watch, name=_WATCHING, daemon=True).start()


_WATCHING = "watching the parent"


class _Follower:
    """Tells the sinks what a population's log says, each event once.

    A worker that goes on after another has died may write some lines again: the same bytes at the same place.
    """

    def __init__(self, task: Task, number: int, sinks: Sequence[Sink]) -> None:
        folder = task.trail_folder(number)
        assert folder is not None
        self._path, self._position, self._sinks = events_path(folder), 0, sinks
        self._members = tuple(task.split.members[index] for index in task.plan.populations[number])
        self.told = 0

    def begin(self) -> None:
        """What an earlier training has left is told as such."""
        epochs = sum(isinstance(event, EpochEnded) for event, _ in read_events(self._path))
        if epochs:
            self._tell(FitContinued(self._members, epochs))
        self.advance()

    def advance(self) -> None:
        """Tell what is new."""
        for event, position in read_events(self._path, self._position):
            self._position = position
            self.told += 1
            self._tell(event)

    def _tell(self, event: Event) -> None:
        for sink in self._sinks:
            sink(event)


@contextmanager
def _following(followers: Sequence[_Follower]) -> Iterator[None]:
    """Follow the logs from a thread while this one waits for the workers."""
    done, problems = threading.Event(), list[BaseException]()

    def follow() -> None:
        try:
            for follower in followers:
                follower.begin()
            while not done.wait(LOOKED_EVERY):
                for follower in followers:
                    follower.advance()
            for follower in followers:
                follower.advance()
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=follow, name="following the workers")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if problems:
        raise problems[0]
