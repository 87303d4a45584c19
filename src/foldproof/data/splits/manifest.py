"""The manifest: one role a member and row, and everything downstream takes rows only through it."""

from dataclasses import asdict, dataclass
from enum import IntEnum
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.closed import BatchSize
from foldproof.errors import ConfigError, DataError
from foldproof.reproducibility import read_json, sha256, write_json, write_whole

SCHEMA = 2
Rows = NDArray[np.int64]


class Role(IntEnum):
    """What a row is to a member: exactly one of these."""

    TEST = 0
    TRAINING = 1
    INNER_VALIDATION = 2
    SCORED = 3
    UNUSED = 4  # in the gap before what is scored, or later, or of a unit that stands on another side


def hash_of_rows(rows: Rows) -> str:
    """SHA-256 of row ids, in the order given: by it records and audits say which rows something was learnt from."""
    return sha256(rows.astype("<i8").tobytes())


@dataclass(frozen=True, order=True)
class Member:
    """One network being trained, named by what its draws depend on."""

    seed: int
    repeat: int
    fold: int

    @property
    def name(self) -> str:
        """How the member is called on screens, such as `fold 3` or `repeat 1 fold 3`, counted from 0."""
        return f"fold {self.fold}" if self.repeat == 0 else f"repeat {self.repeat} fold {self.fold}"


@dataclass(frozen=True)
class Split:
    """The manifest: `roles` `[M, N]` holds the role of each row for each of the M members."""

    members: tuple[Member, ...]
    roles: NDArray[np.uint8]
    audit: dict[str, Any]

    def rows(self, member: int, role: Role) -> Rows:
        """The rows, ascending, that have this role for the member with this index."""
        return np.flatnonzero(self.roles[member] == role)

    def training_part(self, member: int) -> Rows:
        """Training and inner-validation rows: all that a member may learn from or choose by."""
        return np.flatnonzero((self.roles[member] == Role.TRAINING) | (self.roles[member] == Role.INNER_VALIDATION))

    def learnt_rows(self) -> Rows:
        """Rows in the training part of some member: all that the model, which is their mean, has learnt from."""
        return np.flatnonzero(((self.roles == Role.TRAINING) | (self.roles == Role.INNER_VALIDATION)).any(axis=0))

    def test_rows(self) -> Rows:
        """The rows held out of cross-validation altogether."""
        return self.rows(0, Role.TEST)

    def training_sizes(self) -> tuple[int, ...]:
        """How many training rows each member has."""
        return tuple((self.roles == Role.TRAINING).sum(axis=1).tolist())

    def steps_per_epoch(self, batch_size: BatchSize) -> int:
        """`floor(smallest training set / batch size)`, the same for every member; 1 where a batch is all rows."""
        if batch_size == "full":
            return 1
        smallest = min(self.training_sizes())
        if batch_size > smallest:
            raise ConfigError(
                f"train.batch_size: found {batch_size}, legal: at most {smallest}, the smallest training set"
            )
        return smallest // batch_size

    def save(self, folder: str | Path) -> None:
        """Write `split.json` (members, audit, a hash of the rows behind each role) and `roles.npy`."""
        buffer = BytesIO()
        np.save(buffer, self.roles, allow_pickle=False)
        write_whole(Path(folder) / "roles.npy", buffer.getvalue())
        members = [
            {**asdict(member), "rows": {role.name.lower(): self._fingerprint(index, role) for role in Role}}
            for index, member in enumerate(self.members)
        ]
        write_json(Path(folder) / "split.json", {"schema": SCHEMA, "members": members, "audit": self.audit})

    @classmethod
    def load(cls, folder: str | Path) -> "Split":
        """Read what `save` wrote."""
        values = read_json(Path(folder) / "split.json")
        if values.get("schema") != SCHEMA:
            found = values.get("schema")
            raise DataError(
                f"{folder}/split.json: schema: found {found!r}, this foldproof reads {SCHEMA}; "
                "run `dvc repro` to write it anew"
            )
        members = tuple(Member(entry["seed"], entry["repeat"], entry["fold"]) for entry in values["members"])
        return cls(members, np.load(Path(folder) / "roles.npy", allow_pickle=False), values["audit"])

    def _fingerprint(self, member: int, role: Role) -> dict[str, Any]:
        rows = self.rows(member, role)
        return {"count": len(rows), "sha256": hash_of_rows(rows)}
