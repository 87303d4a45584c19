"""Telling MLflow while a stage runs, from a process of its own: training is never delayed, and never imports mlflow.

`python -m foldproof.tracking.background WORKSPACE JOURNAL` follows a journal until its standard input is closed, which
happens when the stage ends, in whatever way. It answers to nobody's Ctrl-C, so that the last entries still arrive.
After a stage that others follow it lingers, and goes on with the next one: starting it costs seconds.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from foldproof.tracking.address import address_of, without_secrets
from foldproof.tracking.journal import Journal, JournalBusyError, being_written, read
from foldproof.tracking.mirror import Cursor, Mirror, MirrorBusyError, being_sent, records_left, sole
from foldproof.tracking.picture import picture_of
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.store import TELEMETRY_OFF, Patience, Store, connect, environment

INTERVAL = 1.0  # seconds between two looks at the journal
PATIENCE = Patience(seconds=5)
LONGEST_PAUSE = 30.0  # seconds between two attempts at a store that does not answer
LAST_ATTEMPTS = 3.0  # seconds in which a failure at the end is tried again
NICENESS = 5  # training goes first; much more, and a busy machine would never let us come to an end
WAIT_AT_END = 20.0  # seconds that a stage waits for the last entries to arrive
LINGER = 15.0  # seconds after a stage in which the next one is awaited
LOOKED_EVERY = 0.1  # seconds between two looks at whether a journal is being written
LAST_STAGE = "report"


@dataclass
class Companion:
    """The process that tells MLflow, as the stage sees it."""

    process: subprocess.Popen[bytes] | None  # None: an earlier stage's, which goes on with this one
    workspace: Path
    path: Path

    @classmethod
    def start(cls, workspace: Path, path: Path) -> "Companion":
        """Begin to tell MLflow what the journal at `path` holds and will hold, or see that it is being done already."""
        return cls(None if being_sent(path) else _start(workspace, path), workspace, path)

    def leave(self) -> None:
        """Let it come to its end without us: a later stage waits for it."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.returncode = 0  # lest Popen complain of a process that is meant to outlive us

    def finish(self) -> str:
        """Wait a bounded time until all is told; empty, or one line that says what is missing and why."""
        deadline = time.monotonic() + WAIT_AT_END
        if self.process is None and not self._told(deadline, lambda: being_sent(self.path)):
            self.process = _start(self.workspace, self.path)
        if self.process is not None:
            self._end(self.process, deadline)
        left, total = records_left(self.path)
        if left == 0:
            return ""
        problem = Cursor.load(self.path).problem or f"MLflow did not take them within {WAIT_AT_END:.0f} s"
        return f"tracking: {left} of {total} records are not in MLflow yet ({problem}); `foldproof sync` sends them"

    def _end(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        assert process.stdin is not None
        process.stdin.close()
        try:
            self._told(deadline, lambda: process.poll() is None)
        finally:
            process.kill()
            process.wait()

    def _told(self, deadline: float, goes_on: Callable[[], bool]) -> bool:
        """Whether everything is told, at the latest at the deadline or when the sending has ended."""
        _, position = read(self.path)
        while not (told := Cursor.load(self.path).sequence >= position.sequence):
            if not goes_on() or time.monotonic() >= deadline:
                break
            time.sleep(LOOKED_EVERY)
            _, position = read(self.path, position)
        return told


def _start(workspace: Path, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", __name__, str(workspace), str(path)],
        cwd=workspace,
        env=os.environ | TELEMETRY_OFF,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@dataclass(frozen=True)
class Connector:
    """Opens the store of a workspace."""

    workspace: Path
    environ: Mapping[str, str]
    patience: Patience

    def __call__(self, experiment: str) -> tuple[Store, str]:
        """The open store, with the experiment that a run was meant for, and its shown address."""
        address = address_of(self.workspace, self.environ)
        return connect(address, self.patience, experiment), address.shown


@dataclass(frozen=True)
class Stage:
    """The process that we work for."""

    process: int

    def ended(self, seconds: float) -> bool:
        """Wait so long, or until the stage has closed our standard input or is gone; whether it has."""
        readable, _, _ = select.select([sys.stdin], [], [], seconds)
        return bool(readable) or os.getppid() != self.process


def close_abandoned(path: Path) -> bool:
    """Note in a journal that its stage was killed, where it has neither ended nor a living writer.

    Returns whether the journal's last stage has ended now; False means that a living process is at it.
    """
    if not picture_of(read(path)[0]).unfinished:
        return True
    try:
        with Journal(path) as journal:
            picture = picture_of(journal.earlier)
            if picture.unfinished:
                Scribe(journal).stage(picture.last_stage, "killed", "the process ended without a word")
            return True
    except JournalBusyError:
        return False


def await_ending(path: Path, seconds: float) -> None:
    """See to it that the journal of a stage that is gone says so.

    A process that is being killed lets go of the pipe to us and of its journal's lock one after the other.
    """
    deadline = time.monotonic() + seconds
    while not close_abandoned(path) and time.monotonic() < deadline:
        time.sleep(0.05)


def follow(workspace: Path, path: Path, stage: Stage) -> int:
    """Mirror a journal until its stage has ended, and the stages that follow soon; 0 when all has arrived."""
    mirror = Mirror(path, Connector(workspace, os.environ, PATIENCE))
    send_until(stage.ended, mirror, path)
    while _more_may_come(path) and _another_begins(path):
        send_until(lambda seconds: _released(path, seconds), mirror, path)
    return min(1, records_left(path)[0])


def _more_may_come(path: Path) -> bool:
    if records_left(path)[0]:
        return False  # the store is away; the stage that waits for us shall know
    picture = picture_of(read(path)[0])
    return picture.last_stage != LAST_STAGE and picture.stages.get(picture.last_stage) == "finished"


def _another_begins(path: Path) -> bool:
    """Whether a stage begins to write the journal while we linger; nothing is read meanwhile."""
    before, deadline = path.stat().st_size, time.monotonic() + LINGER
    while time.monotonic() < deadline:
        if being_written(path) or path.stat().st_size > before:
            return True
        time.sleep(LOOKED_EVERY)
    return False


def _released(path: Path, seconds: float) -> bool:
    """Wait so long, or until nobody writes the journal; whether nobody does."""
    deadline = time.monotonic() + seconds
    while being_written(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOKED_EVERY)
    return True


def send_until(ended: Callable[[float], bool], mirror: Mirror, path: Path) -> None:
    """Send what the journal holds until its stage has ended, and what is left then, for a bounded time."""
    pause, ended_at = 0.0, None
    while True:
        if ended_at is None and ended(pause):
            ended_at = time.monotonic()
            await_ending(path, LAST_ATTEMPTS)
        try:
            mirror.advance()
            pause = INTERVAL
        except Exception as error:  # whatever it is, the journal keeps the entries, and training goes on
            note_problem(path, error)
            pause = min(LONGEST_PAUSE, max(INTERVAL, 2 * pause))
            if ended_at is not None and time.monotonic() - ended_at < LAST_ATTEMPTS:
                time.sleep(INTERVAL / 2)
                continue
        if ended_at is not None:
            return


def note_problem(path: Path, error: Exception) -> str:
    """Keep, beside the journal, what stopped the sending; returns it, without secrets, on one line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = without_secrets(lines[0], os.environ)[:300]
    replace(Cursor.load(path), problem=text).save(path)
    return text


def main(arguments: list[str]) -> int:
    """Follow the journal that the arguments name."""
    stage = Stage(os.getppid())
    os.nice(NICENESS)
    workspace, path = Path(arguments[0]), Path(arguments[1])
    ended = False
    while True:
        try:
            with environment(PATIENCE), sole(path):
                return follow(workspace, path, stage)
        except MirrorBusyError as error:
            if ended:
                note_problem(path, error)
                return 1
            ended = stage.ended(INTERVAL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
