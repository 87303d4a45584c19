"""The events of a fit as lines of JSON in a file: a resumed fit tells them again, another process follows them.

The log knows the SHA-256 of what it holds. Each checkpoint keeps the one of its moment, so that a log that was damaged,
cut or lost is never told.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from foldproof.data.splits import Member
from foldproof.training.events import EpochEnded, Event, LayersWatched, MemberStopped

_LOGGED: dict[str, type[EpochEnded] | type[LayersWatched] | type[MemberStopped]] = {
    "epoch": EpochEnded,
    "watched": LayersWatched,
    "stopped": MemberStopped,
}


class EventLog:
    """A sink that keeps events until `flush` writes them; what a full disk refuses is kept for the next flush."""

    def __init__(self, path: Path, length: int = 0) -> None:
        """Go on with the log at `path` after its first `length` bytes; what follows them is forgotten."""
        self._path = path
        self._waiting: list[bytes] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as stream:
            stream.seek(0)
            content = stream.read(length)
            stream.truncate(len(content))
        self._hash = sha256(content)
        self.length = len(content)

    @property
    def checksum(self) -> str:
        """SHA-256 of all that is written."""
        return self._hash.hexdigest()

    def __call__(self, event: Event) -> None:
        """Keep an event of the fit."""
        for kind, event_type in _LOGGED.items():
            if isinstance(event, event_type):
                self._waiting.append(json.dumps({"kind": kind, **asdict(event)}).encode() + b"\n")

    def flush(self) -> int:
        """Write what is kept, durably; returns the log's length in bytes. OSError leaves the log as it was."""
        content = b"".join(self._waiting)
        with self._path.open("r+b", buffering=0) as stream:
            try:
                stream.seek(self.length)
                if stream.write(content) < len(content):
                    raise OSError(f"{self._path}: no space left for {len(content)} bytes")
                os.fsync(stream.fileno())
            except OSError:
                stream.truncate(self.length)
                raise
        self._waiting = []
        self._hash.update(content)
        self.length += len(content)
        return self.length


def checksum_of(path: Path, length: int) -> str:
    """SHA-256 of a log's first `length` bytes; empty where it has fewer."""
    if not path.exists():
        return sha256().hexdigest() if length == 0 else ""
    with path.open("rb") as stream:
        content = stream.read(length)
    return sha256(content).hexdigest() if len(content) == length else ""


def read_events(path: Path, start: int = 0, end: int | None = None) -> Iterator[tuple[Event, int]]:
    """The whole lines of a log from byte `start` to `end`, each with the position after it."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        stream.seek(start)
        content = stream.read(-1 if end is None else end - start)
    for line in content.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            return
        start += len(line)
        yield _decode(json.loads(line)), start


def _decode(values: dict[str, Any]) -> Event:
    event_type = _LOGGED[values.pop("kind")]
    if "member" in values:
        values["member"] = Member(**values["member"])
    else:
        values = {name: _figures(value) for name, value in values.items()}
        values["members"] = tuple(Member(**member) for member in values["members"])
    return event_type(**values)


def _figures(value: Any) -> Any:
    """JSON knows no tuples."""
    if isinstance(value, dict):
        return {name: _figures(one) for name, one in value.items()}
    return tuple(value) if isinstance(value, list) else value
