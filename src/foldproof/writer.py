"""One writer a workspace: a stage holds a lock while it runs, and does not outlive the process that started it.

The lock is the operating system's (flock), so that it goes with its holder however that ends; the file only says whose
it is. Killing only `dvc` leaves its stage behind: the stage notices that its parent is gone and ends.
"""

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foldproof.errors import FoldproofError
from foldproof.reproducibility import canonical_json

LOCK = Path(".foldproof/writer.lock")
WAIT = "FOLDPROOF_WAIT"
LOOKED_FOR_THE_PARENT_EVERY = 1.0  # seconds


class BusyError(FoldproofError):
    """Another process writes in this workspace."""


@contextmanager
def one_writer(root: Path, stage: str) -> Iterator[None]:
    """Hold the workspace's lock; raises BusyError at once where it is held, or waits with FOLDPROOF_WAIT=1."""
    path = root / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        _acquire(stream.fileno(), path)
        stream.truncate(0)
        stream.write(canonical_json({"pid": os.getpid(), "stage": stage}))
        stream.flush()
        with _noticing_the_parents_death():
            yield


def _acquire(descriptor: int, path: Path) -> None:
    if os.environ.get(WAIT) == "1":
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = " ".join(path.read_text(encoding="utf-8", errors="replace").split()) or "it has not said which"
        raise BusyError(
            f"another run is writing in this workspace ({holder}); wait for it to end, end that process, or set "
            f"{WAIT}=1 to wait here"
        ) from None


@contextmanager
def _noticing_the_parents_death() -> Iterator[None]:
    parent, done = os.getppid(), threading.Event()

    def watch() -> None:
        while not done.wait(LOOKED_FOR_THE_PARENT_EVERY):
            if os.getppid() != parent:
                print("foldproof: the process that started this stage is gone; ending too", file=sys.stderr)
                os.kill(os.getpid(), signal.SIGTERM)  # an interruption would not be heard by background jobs
                return

    watcher = threading.Thread(target=watch, name="watching the parent", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
