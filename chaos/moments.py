"""When to strike: at any time, while a file is being written, or right after it got its name."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chaos.clone import Clone
from chaos.processes import strike

Moment = Literal["at any time", "before a rename", "after a rename", "as DVC writes"]
# As often as they stand here.
MOMENTS: tuple[Moment, ...] = (
    *("at any time", "before a rename", "after a rename"),
    *("at any time", "before a rename", "after a rename"),
    *("at any time", "before a rename", "as DVC writes"),
)
EVERYWHERE = (".foldproof", "models", "data", "reports")
RESUME = (".foldproof/resume",)
BETWEEN_LOOKS = 0.0003  # seconds; a file is being written for some milliseconds, most of which are its fsync
_PART = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.part")


@dataclass(frozen=True)
class Part:
    """A file that is being written under another name; `writer` is the process that does."""

    path: Path
    writer: int

    @property
    def target(self) -> Path:
        """What it will be called."""
        found = _PART.fullmatch(self.path.name)
        assert found is not None
        return self.path.with_name(found["name"])


def await_time(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Wait so long; False where the process ended before."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def await_writing(
    process: "subprocess.Popen[bytes]", clone: Clone, folders: tuple[str, ...], passed_over: int
) -> Part | None:
    """Wait for a file to be written below the folders, after so many; its writer stands still then, before the rename.

    None where the process ended before.
    """
    seen: set[Path] = set()
    while process.poll() is None:
        for part in [part for folder in folders for part in parts(clone.folder / folder)]:
            if part.path in seen:
                continue
            if len(seen) < passed_over:
                seen.add(part.path)
            elif strike(part.writer, signal.SIGSTOP):
                if part.path.exists() and _stands_still(part.writer):
                    return part
                strike(part.writer, signal.SIGCONT)
        time.sleep(BETWEEN_LOOKS)
    return None


def await_written(
    process: "subprocess.Popen[bytes]", clone: Clone, folders: tuple[str, ...], passed_over: int
) -> Part | None:
    """As `await_writing`, and then for the rename; the writer runs on."""
    part = await_writing(process, clone, folders, passed_over)
    if part is not None:
        strike(part.writer, signal.SIGCONT)
        while part.path.exists() and process.poll() is None:
            pass
    return part


def await_dvc_writing(process: "subprocess.Popen[bytes]", clone: Clone, passed_over: int) -> bool:
    """Wait until DVC has emptied dvc.lock or its list of locks to write it anew, after so many times.

    False where the process ended before.
    """
    files = [clone.folder / "dvc.lock", clone.folder / ".dvc" / "tmp" / "rwlock"]
    sizes = dict.fromkeys(files, 0)
    while process.poll() is None:
        for file in files:
            try:
                size = file.stat().st_size
            except OSError:
                size = 0
            if size == 0 < sizes[file]:
                passed_over -= 1
                if passed_over < 0:
                    return True
            sizes[file] = size
    return False


def parts(folder: Path) -> Iterator[Part]:
    """The files below `folder` that are being written."""
    for path in _walk(folder):
        found = _PART.fullmatch(path.name)
        if found:
            yield Part(path, int(found["pid"]))


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.suffix == ".part":
            yield entry
        elif not entry.suffix and entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)


def _stands_still(pid: int) -> bool:
    """Wait until a process that was stopped has stopped; False where it is gone."""
    for _ in range(1000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state in "Tt":
            return True
        if state in "ZX":
            return False
        time.sleep(0.001)
    return False
