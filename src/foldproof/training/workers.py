"""The engine of several processes on one machine: loky's workers, one thread each, a population at a time.

A worker's events reach the sinks through its population's log on disk, which the calling process follows while it
waits; what a full disk kept out of the log comes with the result. A worker that dies takes the pool with it (so says
loky); what had not come back is run again, and goes on from its last checkpoint.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from foldproof.errors import TrainingError
from foldproof.training.assignment import Assignment
from foldproof.training.event_log import read_events
from foldproof.training.events import Event, FitContinued, Sink
from foldproof.training.kept import Kept
from foldproof.training.resume import events_path, trail_of

LOOKED_EVERY = 0.2  # seconds between two looks at the logs, and at whether the parent lives
DEATHS = 5  # of workers in a row, without an epoch between them, after which training gives up
# Libraries read these when they are loaded: a core runs one worker, not one worker's many threads.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def in_workers(assignment: Assignment, sinks: Sequence[Sink]) -> list[Kept]:
    """Every population of the plan in a worker process; raises TrainingError when workers keep dying."""
    from joblib import dump

    with TemporaryDirectory() as scratch:
        if assignment.folder is None:
            assignment = replace(assignment, folder=Path(scratch))
        followers = [_Follower(assignment, number, sinks) for number in range(len(assignment.plan.populations))]
        for follower in followers:
            follower.begin()
        file = Path(scratch) / "assignment"
        dump(assignment, file)
        found = _run_all(file, assignment.plan.threads, followers)
        return [found[number] for number in range(len(followers))]


def _run_all(file: Path, threads: int, followers: Sequence["_Follower"]) -> dict[int, Kept]:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    found: dict[int, Kept] = {}
    deaths, told = 0, 0
    while len(found) < len(followers):
        try:
            _run_rest(file, threads, followers, found)
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


def _run_rest(file: Path, threads: int, followers: Sequence["_Follower"], found: dict[int, Kept]) -> None:
    """Run the populations that `found` lacks and put what they come to into it; the workers end with this call."""
    from joblib.externals.loky import ProcessPoolExecutor

    left = [number for number in range(len(followers)) if number not in found]
    variables = dict.fromkeys(THREADS, str(threads))
    pool = ProcessPoolExecutor(
        min(os.cpu_count() or 1, len(left)), initializer=_end_with, initargs=(os.getpid(),), env=variables
    )
    try:
        running = {pool.submit(_run, file, number) for number in left}
        while running:
            done, running = wait(running, LOOKED_EVERY, FIRST_COMPLETED)
            for follower in followers:
                follower.advance()
            for future in done:
                result = future.result()
                followers[result.number].complete(result.events)
                found[result.number] = result.kept
    finally:
        pool.shutdown(kill_workers=True)


@dataclass(frozen=True)
class _Result:
    """What comes back from a worker: what the population left behind, and all that was told of it."""

    number: int
    kept: Kept
    events: list[Event]


def _run(file: Path, number: int) -> _Result:
    """In the worker, which shares the rows with its neighbours: they are read from the file, not copied."""
    from joblib import load

    assignment: Assignment = load(file, mmap_mode="c")
    events: list[Event] = []
    kept = assignment.run(number, [events.append])
    return _Result(number, kept, [event for event in events if not isinstance(event, FitContinued)])


def _end_with(parent: int) -> None:
    """A worker whose parent was killed ends within a moment, so that it does not write where the next one does."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKED_EVERY)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="watching the parent", daemon=True).start()


class _Follower:
    """Tells the sinks what a population's log says, each event once.

    A worker that goes on after another has died may write some lines again: the same bytes at the same place.
    """

    def __init__(self, assignment: Assignment, number: int, sinks: Sequence[Sink]) -> None:
        folder = assignment.trail_folder(number)
        assert folder is not None
        self._folder, self._position, self._sinks = folder, 0, sinks
        self._members = tuple(assignment.split.members[index] for index in assignment.plan.populations[number])
        self.told = 0  # of the population's events, from its first on

    def begin(self) -> None:
        """What an earlier training has left is told as such, before a worker goes on with it."""
        with trail_of(self._folder) as trail:
            found = trail.found if trail else None
        if found:
            self._tell(FitContinued(self._members, found.epochs))
            self.advance()

    def advance(self) -> None:
        """Tell what is new in the log."""
        for event, position in read_events(events_path(self._folder), self._position):
            self._position = position
            self.told += 1
            self._tell(event)

    def complete(self, events: Sequence[Event]) -> None:
        """Tell those of the population's events that its log could not take."""
        for event in events[self.told :]:
            self.told += 1
            self._tell(event)

    def _tell(self, event: Event) -> None:
        for sink in self._sinks:
            sink(event)
