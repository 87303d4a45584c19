"""The journal of a run: an append-only file of JSON lines, the truth that MLflow is told afterwards.

Each line carries its sequence number and a checksum of itself. A last line that a crash cut short is dropped and
written over; damage anywhere else is an error that names file and line. While a journal is open its writer holds a lock
on it, so that a run has one writer at a time, and whoever finds the lock free knows that the writer is gone.
"""

import fcntl
import json
import math
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from foldproof.errors import TrackingError

Kind = Literal["open", "input", "metrics", "tags", "member_tags", "artifact", "model", "stage"]
_SEALED = re.compile(rb'(?P<content>.*), "checksum": "(?P<checksum>[0-9a-f]{16})"\}', re.DOTALL)


class JournalBusyError(TrackingError):
    """Another process is writing this journal."""


@dataclass(frozen=True)
class Record:
    """One line: what happened and when, `time` in milliseconds since 1970."""

    sequence: int  # from 1, without gaps
    time: int
    kind: Kind
    body: dict[str, Any]


@dataclass(frozen=True)
class Position:
    """How far a reader has come: the next byte to read, and the sequence number of the last record read."""

    offset: int = 0
    sequence: int = 0


def read(path: Path, start: Position = Position()) -> tuple[list[Record], Position]:
    """The whole records from `start` on, and where to go on reading; a line cut short at the end is left out.

    Raises:
        TrackingError: a line that is not the last is damaged, or records are missing between two lines.
    """
    with path.open("rb") as stream:
        stream.seek(start.offset)
        lines = stream.read().split(b"\n")[:-1]
    records: list[Record] = []
    offset, sequence = start.offset, start.sequence
    for index, line in enumerate(lines):
        record = _decode(line)
        if record is None and index == len(lines) - 1:
            break
        if record is None or record.sequence != sequence + 1:
            found = "not a record that foldproof wrote" if record is None else f"record {record.sequence}"
            raise TrackingError(
                f"{path}, line {sequence + 1}: {found}, expected record {sequence + 1}: the journal is damaged; "
                "restore it from a backup, or move it away and run `foldproof sync`, which records the workspace anew"
            )
        records.append(record)
        offset, sequence = offset + len(line) + 1, record.sequence
    return records, Position(offset, sequence)


class Journal:
    """The one writer of a journal; raises JournalBusyError where another process is writing it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.earlier, position = read(path)
            os.ftruncate(self._file, position.offset)
        except BlockingIOError:
            os.close(self._file)
            raise JournalBusyError(f"{path}: another process is writing it") from None
        except BaseException:
            os.close(self._file)
            raise
        self._position = position

    def append(self, kind: Kind, body: Mapping[str, Any], *, durable: bool = False) -> Record:
        """Add a record; `durable` waits until it would survive a power cut. A write that fails leaves no trace."""
        record = Record(self._position.sequence + 1, time.time_ns() // 1_000_000, kind, _plain(body))
        line = _encode(record)
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(f"{self.path}: only {written} of {len(line)} bytes were written")
        except OSError:
            os.ftruncate(self._file, self._position.offset)
            raise
        self._position = Position(self._position.offset + len(line), record.sequence)
        if durable:
            os.fsync(self._file)
        return record

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def being_written(path: Path) -> bool:
    """Whether a living process holds the journal open for writing."""
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _encode(record: Record) -> bytes:
    content = json.dumps(
        {"sequence": record.sequence, "time": record.time, "kind": record.kind, "body": record.body},
        allow_nan=False,
    ).encode()[:-1]
    return content + b', "checksum": "' + _checksum(content) + b'"}\n'


def _decode(line: bytes) -> Record | None:
    sealed = _SEALED.fullmatch(line)
    if sealed is None or sealed["checksum"] != _checksum(sealed["content"]):
        return None
    return Record(**json.loads(sealed["content"] + b"}"))


def _checksum(content: bytes) -> bytes:
    return sha256(content).hexdigest()[:16].encode()


def _plain(value: Any) -> Any:
    """Plain JSON values; NaN and the infinities, which JSON has not, become text that `float` reads back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    return value
