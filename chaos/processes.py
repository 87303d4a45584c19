"""The processes of a clone: found by a variable in their environment, which whatever they start inherits (Linux)."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MARK = "CHAOS_CLONE"
Role = Literal["dvc", "stage", "worker", "companion", "other"]
PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process of a clone."""

    pid: int
    role: Role
    command: str


def processes_of(folder: Path) -> list[Process]:
    """The living processes of the clone at `folder`."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for entry in PROCESSES.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    found.append(Process(int(entry.name), _role(words), " ".join(words).strip()))
    return found


def process_with(folder: Path, role: Role) -> Process | None:
    """A process of the clone in this role; of several the youngest, None where there is none."""
    return max((one for one in processes_of(folder) if one.role == role), key=lambda one: one.pid, default=None)


def strike(pid: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal; whether the process was still there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def await_end_of_all(folder: Path, seconds: float) -> list[Process]:
    """Wait until no process of the clone is left; those that are after so long."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def end_all(folder: Path) -> None:
    """End what is left of a clone's processes."""
    for process in processes_of(folder):
        strike(process.pid)


def _role(words: list[str]) -> Role:
    text = " ".join(words)
    if "foldproof.tracking.background" in words:
        return "companion"
    if "loky" in text:
        return "other" if "resource_tracker" in text else "worker"
    if len(words) > 1 and words[1].startswith("pipeline/"):
        return "stage"
    return "dvc" if "dvc" in words and "repro" in words else "other"
