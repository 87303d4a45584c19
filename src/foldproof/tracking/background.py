"""Telling MLflow while a stage runs, from a process of its own: training is never delayed, and never imports mlflow.

`python -m foldproof.tracking.background WORKSPACE JOURNAL` follows a journal until its standard input is closed, which
happens when the stage ends, in whatever way. It answers to nobody's Ctrl-C, so that the last entries still arrive.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from foldproof.tracking.address import address_of, without_secrets
from foldproof.tracking.journal import Journal, JournalBusyError, read
from foldproof.tracking.mirror import Cursor, Mirror, MirrorBusyError, records_left, sole
from foldproof.tracking.picture import picture_of
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.store import TELEMETRY_OFF, Patience, Store, connect, environment

INTERVAL = 1.0  # seconds between two looks at the journal
PATIENCE = Patience(seconds=5)
LONGEST_PAUSE = 30.0  # seconds between two attempts at a store that does not answer
LAST_ATTEMPTS = 3.0  # seconds in which a failure at the end is tried again
NICENESS = 5  # training goes first; much more, and a busy machine would never let us come to an end
WAIT_AT_END = 20.0  # seconds that a stage waits for the last entries to arrive


@dataclass
class Companion:
    """The process that tells MLflow, as the stage sees it."""

    process: subprocess.Popen[bytes]
    path: Path

    @classmethod
    def start(cls, workspace: Path, path: Path) -> "Companion":
        """Begin to tell MLflow what the journal at `path` holds and will hold."""
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(workspace), str(path)],
            cwd=workspace,
            env=os.environ | TELEMETRY_OFF,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(process, path)

    def finish(self) -> str:
        """Wait a bounded time until all is told; empty, or one line that says what is missing and why."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(WAIT_AT_END)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        left, total = records_left(self.path)
        if left == 0:
            return ""
        problem = Cursor.load(self.path).problem or f"MLflow did not take them within {WAIT_AT_END:.0f} s"
        return f"tracking: {left} of {total} records are not in MLflow yet ({problem}); `foldproof sync` sends them"


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
    """Mirror a journal until its stage has ended, and what is left then; 0 when all has arrived."""
    mirror = Mirror(path, Connector(workspace, os.environ, PATIENCE))
    pause, ended_at = 0.0, None
    while True:
        if ended_at is None and stage.ended(pause):
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
            return min(1, records_left(path)[0])


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
