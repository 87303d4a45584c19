"""One writer a workspace: a stage holds a lock while it runs, and does not outlive the `dvc` that started it.

The lock is the operating system's (flock), so that it goes with its holder however that ends; the file only says whose
it is, and what an earlier holder left in it, whole or cut short, means nothing. Killing only `dvc` leaves its stage
behind: the stage notices that `dvc` is gone, also behind a shell that stands between them, and ends.

DVC has locks of its own and refuses a second `dvc repro` before any stage of it begins; so whoever is to wait has to do
it before DVC is started: `one_run`.
"""

import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from foldproof.errors import FoldproofError
from foldproof.reproducibility import canonical_json

LOCK = Path(".foldproof/writer.lock")
LOCK_OF_RUNS = Path(".foldproof/run.lock")
CUT_SHORT = Path(".foldproof/dvc.lock.cut-short")
LOCKS_OF_DVC = Path(".dvc/tmp/rwlock")  # which process writes and reads which output
WAIT = "FOLDPROOF_WAIT"
LOOKED_EVERY = 0.2  # seconds between two looks at whether `dvc` is still there
GRACE = 5.0  # seconds that a stage which hears the first signal, as a Trainer does, has to come to an end
MARK = "DVC_STAGE"  # the variable that DVC gives to what it starts for a stage, and has not itself
PROCESSES = Path("/proc")  # of Linux; elsewhere only the parent itself is watched
GONE = "the `dvc` that started this stage is gone"


class BusyError(FoldproofError):
    """Another process writes in this workspace."""


class OrphanedError(FoldproofError):
    """The `dvc` that started this stage is gone."""


@contextmanager
def one_writer(root: Path, stage: str) -> Iterator[None]:
    """Hold the workspace's lock; raises BusyError at once where it is held, or waits with FOLDPROOF_WAIT=1.

    Raises:
        OrphanedError: `dvc` was gone before the stage had begun.
        FoldproofError: the file system gives no locks, or the file belongs to another user.
    """
    with _not_outliving_dvc(), _held(root / LOCK, {"pid": os.getpid(), "stage": stage}):
        yield


@contextmanager
def one_run(root: Path) -> Iterator[None]:
    """Hold the workspace for a whole run of DVC, stages and what lies between; refused and waiting as `one_writer`.

    DVC writes two files in place, and refuses to read what it left of them when it was killed; that is mended first.
    """
    with _held(root / LOCK_OF_RUNS, {"pid": os.getpid()}):
        while at_work := _dvc_at_work(root):
            if not _patient():
                raise BusyError(_advice(f'"pid": {at_work}, a `dvc` of its own'))
            time.sleep(LOOKED_EVERY)
        _take_away_what_was_cut_short(root)
        yield


@contextmanager
def _held(path: Path, whose: dict[str, object]) -> Iterator[None]:
    """Hold the lock at `path`, with a note of whose it is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except PermissionError as error:
        raise FoldproofError(
            f"{path}: {error.strerror}: another user has run here; run as that user, or make the folder yours"
        ) from None
    try:
        _acquire(descriptor, path)
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.write(descriptor, canonical_json(whose).encode())
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if _patient() else fcntl.LOCK_NB))
    except BlockingIOError:
        holder = " ".join(path.read_text(encoding="utf-8", errors="replace").split()) or "it has not said which"
        raise BusyError(_advice(holder)) from None
    except OSError as error:
        raise FoldproofError(
            f"{path}: this file system gives no locks ({error.strerror}), so two runs could write at once; work on a "
            "local disk, or have it mounted with locks"
        ) from None


def _patient() -> bool:
    return os.environ.get(WAIT) == "1"


def _advice(holder: str) -> str:
    return (
        f"another run is writing in this workspace ({holder}); wait for it to end, end that process, or set "
        f"{WAIT}=1 to wait here. A stage whose `dvc` was killed ends by itself in a moment; a process that cannot be "
        "found here runs on another machine that shares this folder"
    )


def _dvc_at_work(root: Path) -> int:
    """A living process that DVC's own locks name, 0 where there is none; DVC itself passes over those who are dead."""
    try:
        locks = json.loads((root / LOCKS_OF_DVC).read_text(encoding="utf-8"))
        holders = [*locks.get("write", {}).values(), *(one for some in locks.get("read", {}).values() for one in some)]
        return next((pid for pid in (int(one["pid"]) for one in holders) if _lives(pid)), 0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def _lives(process: int) -> bool:
    """Whether there is such a process, and it may be DVC's: numbers are given again."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    words = _said_of(process, "cmdline")
    return not words or any(b"dvc" in word for word in words)


def _take_away_what_was_cut_short(root: Path) -> None:
    """Nobody is at work, so DVC's locks say nothing; what dvc.lock told of comes back from DVC's run cache."""
    locks, lock = root / LOCKS_OF_DVC, root / "dvc.lock"
    with suppress(FileNotFoundError):
        if not locks.read_bytes().rstrip().endswith(b"}"):
            locks.unlink()
    with suppress(FileNotFoundError):
        if not lock.read_bytes().endswith(b"\n"):
            lock.replace(root / CUT_SHORT)
            print(
                f"foldproof: dvc.lock was cut short when `dvc` was killed; what is left of it is now {CUT_SHORT}. What "
                "it told of comes back from DVC's cache, and nothing of that is run again.",
                file=sys.stderr,
            )


@contextmanager
def _not_outliving_dvc() -> Iterator[None]:
    line, done = _line_to_dvc(), threading.Event()
    if _was_adopted(line[-1]):
        raise OrphanedError(f"{GONE}; run `dvc repro` again")

    def watch() -> None:
        while not done.wait(LOOKED_EVERY):
            if any(_parent(child) != parent for child, parent in pairwise(line)):
                with suppress(OSError):  # who read our words may be gone too
                    print(f"foldproof: {GONE}; ending too", file=sys.stderr)
                os.kill(os.getpid(), signal.SIGTERM)  # an interruption would not be heard by background jobs
                if not done.wait(GRACE):
                    os.kill(os.getpid(), signal.SIGKILL)
                return

    watcher = threading.Thread(target=watch, name="watching dvc", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _line_to_dvc() -> list[int]:
    """This process, its parent, and so on to DVC; run by hand, to the parent alone.

    Some shells (dash, fish) do not give their place to the one command they were asked to run, and live on when DVC is
    killed. Whatever stands between has the variable that DVC set.
    """
    line = [os.getpid(), os.getppid()]
    while any(entry.startswith(f"{MARK}=".encode()) for entry in _said_of(line[-1], "environ")):
        line.append(_parent(line[-1]))
    return line


def _was_adopted(last: int) -> bool:
    """Whether DVC ended before it could be watched: `last` is then who adopts orphans, in a session of its own."""
    if MARK not in os.environ or not PROCESSES.exists():
        return False
    try:
        return os.getsid(last) != os.getsid(0) and not any(b"dvc" in word for word in _said_of(last, "cmdline"))
    except ProcessLookupError:
        return True


def _parent(process: int) -> int:
    """The parent of a process, 0 where that is not to be found out or the process has ended."""
    if process == os.getpid():
        return os.getppid()
    try:
        return int((PROCESSES / str(process) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _said_of(process: int, what: str) -> list[bytes]:
    try:
        return (PROCESSES / str(process) / what).read_bytes().split(b"\0")
    except OSError:
        return []
