"""Trainings that were killed and can go on: where their checkpoints lie, and when those are cleared away.

They lie in the main workspace, so that an experiment in a temporary folder finds them again. What a stage has finished
stays until DVC has recorded it: the next stage clears it, or the same one when it is forced to run again. A folder that
a living process is at is never cleared: whoever uses one holds a lock in it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

FOLDER = Path(".foldproof/resume")
LOCK = "lock"  # in a training's folder, and in each of its populations'


def unfinished_in(workspace: Path, root: Path) -> Path:
    """For stage train at `root`: the folder of the workspace's trainings, without those that DVC has recorded."""
    lock = root / "dvc.lock"
    for folder in _finished(workspace, root):
        if lock.exists() and lock.stat().st_mtime_ns > (folder / "finished").stat().st_mtime_ns:
            remove(folder)
    return workspace / FOLDER


def clear_finished(workspace: Path, root: Path) -> None:
    """For the stage after train: what the one at `root` has finished is recorded now."""
    for folder in _finished(workspace, root):
        remove(folder)


def clean(root: Path) -> str:
    """Remove the unfinished trainings of a workspace that nobody is at; says what went, and what stays and why."""
    sizes = {path: _size(path) for path in (root / FOLDER).glob("*") if path.is_dir()}
    gone = [folder for folder in sizes if remove(folder)]
    with suppress(OSError):  # not empty
        (root / FOLDER).rmdir()
    if not sizes:
        return "no unfinished trainings; nothing to remove"
    size = sum(sizes[folder] for folder in gone) / 2**20
    told = f"removed the checkpoints of {len(gone)} unfinished trainings, {size:.1f} MiB"
    left = len(sizes) - len(gone)
    return told + (f"; passed over {left} in use: a process, perhaps of an experiment, trains there" if left else "")


@contextmanager
def in_use(folder: Path, kind: int = fcntl.LOCK_SH) -> Iterator[None]:
    """Keep a folder, made if need be, from being removed; LOCK_EX lets one process in at a time, others wait."""
    with _locked(folder, kind):
        yield


def remove(folder: Path) -> bool:
    """Remove what a training has left; False where a process is at it, or may not be asked."""
    with ExitStack() as held:
        try:
            for path in folder.rglob(LOCK):
                fcntl.flock(held.enter_context(path.open("r+")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        shutil.rmtree(folder, ignore_errors=True)
    return True


def last_use(folder: Path) -> int:
    """When somebody last wrote into a training's folder or its populations', in nanoseconds since 1970."""
    try:
        return max(path.stat().st_mtime_ns for path in (folder, *folder.glob("*/")))
    except FileNotFoundError:  # somebody removes it
        return 0


def _locked(folder: Path, kind: int) -> TextIO:
    """The open lock; tried again where the folder was removed before it was ours."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            stream = (folder / LOCK).open("a+")
        except FileNotFoundError:
            continue
        fcntl.flock(stream, kind)
        if os.fstat(stream.fileno()).st_nlink:
            return stream
        stream.close()


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _finished(workspace: Path, root: Path) -> list[Path]:
    marks = (workspace / FOLDER).glob("*/finished")
    return [mark.parent for mark in marks if mark.read_text(encoding="utf-8") == str(root)]
