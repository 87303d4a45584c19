"""Tells MLflow what a journal holds: any number of times, from any point, each point exactly once.

A small cursor file beside the journal says how much has arrived, so that it need not be asked for. It is written after
sending and may be lost or behind: what a run holds is then looked up before anything is sent.
"""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from foldproof.data.splits import Member
from foldproof.reproducibility import sha256, write_json
from foldproof.tracking import journal, runs, senders
from foldproof.tracking.journal import Position
from foldproof.tracking.model_log import find_model, send_model
from foldproof.tracking.names import calls
from foldproof.tracking.picture import PARENT, Batch, Key, Picture
from foldproof.tracking.runs import KnownRun
from foldproof.tracking.store import Store
from foldproof.tracking.workspace import files_of

PORTION = 500  # records sent before the cursor moves


@dataclass(frozen=True)
class Cursor:
    """How far a store has been told: valid only for this store and this run."""

    store: str = ""
    run: str = ""
    sequence: int = 0
    problem: str = ""  # what stopped the last attempt, without secrets

    @classmethod
    def load(cls, path: Path) -> "Cursor":
        """The cursor of a journal; at the beginning where there is none, or none that can be read."""
        try:
            return cls(**json.loads(_cursor_file(path).read_text()))
        except (OSError, ValueError, TypeError):
            return cls()

    def save(self, path: Path) -> None:
        """Keep the cursor of the journal at `path`."""
        write_json(_cursor_file(path), self.__dict__)


class MirrorBusyError(Exception):
    """Another process is sending this journal."""


@contextmanager
def sole(path: Path) -> Iterator[None]:
    """Only one process sends a journal at a time; raises MirrorBusyError for the others."""
    with path.with_suffix(".mirror").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MirrorBusyError(f"{path}: another process is sending it") from None
        yield


def being_sent(path: Path) -> bool:
    """Whether a living process sends this journal."""
    try:
        with sole(path):
            return False
    except MirrorBusyError:
        return True


@dataclass
class Mirror:
    """One journal and the store it goes to; use it within `sole`."""

    path: Path
    connect: Callable[[str], tuple[Store, str]]  # experiment name to the open store and its shown address
    _picture: Picture = field(default_factory=Picture)
    _position: Position = field(default_factory=Position)
    _portions: list[tuple[int, Batch]] = field(default_factory=list)  # not sent yet: last sequence number, content
    _store: Store | None = None
    _address: str = ""  # hash of the shown address
    _parent: KnownRun | None = None
    _children: dict[Key, KnownRun] = field(default_factory=dict)
    _sent: int = 0

    def advance(self) -> None:
        """Send what the journal holds and MLflow does not; raises whatever MLflow raises, and can be called again."""
        try:
            self._read()
            if self._portions and self._store is None:
                self._open()
            while self._portions:
                sequence, batch = self._portions[0]
                if sequence > self._sent:
                    self._send(batch)
                    self._sent = sequence
                    Cursor(self._address, self._run.id, sequence).save(self.path)
                self._portions.pop(0)
        except Exception:
            # A call that timed out may have arrived all the same, so begin by looking at what is there.
            self._picture, self._position, self._portions = Picture(), Position(), []
            self._store, self._parent, self._children = None, None, {}
            raise

    @property
    def _run(self) -> KnownRun:
        assert self._parent is not None
        return self._parent

    def _read(self) -> None:
        records, self._position = journal.read(self.path, self._position)
        for portion in calls(records, PORTION):
            batch = Batch()
            for record in portion:
                self._picture.take(record, batch)
            self._portions.append((portion[-1].sequence, batch))

    def _open(self) -> None:
        opening = self._picture.opening
        store, shown = self.connect(opening["experiment"])
        self._address = store_mark(shown)
        digest, attempt = opening["digest"], opening["attempt"]
        parent = runs.find_parent(store, digest, attempt)
        cursor = Cursor.load(self.path)
        known = parent is not None and cursor.run == parent.id and cursor.store == self._address
        self._sent = cursor.sequence if known else 0
        if parent is None:
            identity = {runs.DIGEST: digest, runs.ATTEMPT: str(attempt)}
            parent = runs.create(store, opening["name"], self._picture.start, opening["tags"] | identity)
        elif not parent.deleted:
            self._children = runs.find_children(store, parent.id)
            model = find_model(parent)
            parent.model_id = model.model_id if model else None
        self._parent, self._store = parent, store

    def _child(self, key: Key) -> KnownRun:
        if key not in self._children:
            assert self._store is not None
            assert key is not None
            member = Member(self._picture.seeds[key], *key)
            tags = {runs.PARENT: self._run.id, runs.SEED: str(member.seed)}
            tags |= {runs.REPEAT: str(member.repeat), runs.FOLD: str(member.fold)}
            self._children[key] = runs.create(self._store, member.name, self._picture.starts[key], tags)
        return self._children[key]

    def _send(self, batch: Batch) -> None:
        parent, files = self._run, files_of(self.path)
        if parent.deleted:
            return
        if batch.opened:
            senders.send_params(parent, self._picture.opening["params"])
        senders.send_tags(parent, batch.tags)
        for key, tags in batch.member_tags.items():
            senders.send_tags(self._child(key), tags)
        for schema in batch.inputs:
            senders.send_input(parent, schema)
        for model in batch.models:
            send_model(parent, files, model)
        for key, points in batch.points.items():
            senders.send_points(parent if key is PARENT else self._child(key), points)
        for artifact in batch.artifacts:
            senders.send_artifact(parent, files, artifact)
        self._end(batch)

    def _end(self, batch: Batch) -> None:
        training, whole = batch.endings.get("children"), batch.endings.get("parent")
        for child in self._children.values():
            if training is not None:
                senders.send_ending(child, training)
            elif whole is not None and whole.status != "RUNNING" and child.status == "RUNNING":
                senders.send_ending(child, whole)
        if whole is not None:
            senders.send_ending(self._run, whole)


def store_mark(shown: str) -> str:
    """What a cursor calls the store with this shown address."""
    return sha256(shown.encode())[:16]


def records_left(path: Path, shown: str | None = None) -> tuple[int, int]:
    """How many records of a journal a store has not been told, and how many there are, by the cursor.

    `shown` names the store; None takes the store that the cursor is about.
    """
    total, cursor = journal.read(path)[1].sequence, Cursor.load(path)
    told = cursor.sequence if shown is None or cursor.store == store_mark(shown) else 0
    return max(0, total - told), total


def _cursor_file(path: Path) -> Path:
    return path.with_suffix(".cursor")
