"""Who may see which row: one role a member and row, and everything downstream takes rows only through it.

The test set is held out before anything else: a row belongs to it when the hash of (split seed, the row's own values)
falls below the share, so a row never changes side as data grows, and equal rows are always on one side. The other rows
are dealt into folds, whole duplicate clusters at a time; of each member's training part a share is kept as inner
validation, on which alone it stops and picks its best epoch.
"""

import hashlib
from dataclasses import asdict, dataclass
from enum import IntEnum
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.closed import BatchSize
from foldproof.config.data import Split as SplitSection
from foldproof.data.dataset import Dataset
from foldproof.errors import ConfigError, DataError
from foldproof.reproducibility import read_json, seed_of, sha256, write_json, write_whole

SCHEMA = 1
Rows = NDArray[np.int64]


class Role(IntEnum):
    """What a row is to a member."""

    TEST = 0
    TRAINING = 1
    INNER_VALIDATION = 2
    SCORED = 3


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
            raise DataError(f"{folder}/split.json: schema {values.get('schema')!r}, this foldproof reads {SCHEMA}")
        members = tuple(Member(entry["seed"], entry["repeat"], entry["fold"]) for entry in values["members"])
        return cls(members, np.load(Path(folder) / "roles.npy", allow_pickle=False), values["audit"])

    def _fingerprint(self, member: int, role: Role) -> dict[str, Any]:
        rows = self.rows(member, role)
        return {"count": len(rows), "sha256": sha256(rows.astype("<i8").tobytes())}


def make_split(dataset: Dataset, section: SplitSection, seed: int) -> Split:
    """Deal the rows by `section.seed`; raises DataError where a class or the data is too small for that.

    `seed` goes into the members' keys alone, so that another one trains other networks on the same rows.
    """
    dataset = dataset.view(0)  # the first target is the one whose classes are dealt evenly
    labels = dataset.targets if dataset.schema.task == "classification" else None
    if section.stratify is True and labels is None:
        raise ConfigError("split.stratify: found true, legal: auto or false where the target is a number")
    stratified = labels is not None and section.stratify is not False
    cluster_of_row, in_test = _clusters(dataset.features, section.seed, section.test_share)
    clusters = int(cluster_of_row.max()) + 1
    first_row = np.full(clusters, -1, dtype=np.int64)
    first_row[cluster_of_row[::-1]] = np.arange(len(cluster_of_row))[::-1]
    usable = np.flatnonzero(~in_test[first_row])
    strata = dataset.targets[first_row[usable]] if stratified else np.zeros(len(usable), dtype=np.int64)
    _refuse_small(strata, stratified, section, dataset.schema.classes)

    members: list[Member] = []
    roles: list[NDArray[np.uint8]] = []
    for repeat in range(section.repeats):
        for fold, (kept, scored) in enumerate(_folds(strata, section.folds, seed_of("folds", section.seed, repeat))):
            inner = _inner(strata[kept], section.inner_share, seed_of("inner", section.seed, repeat, fold))
            role_of_cluster = np.full(clusters, Role.TEST, dtype=np.uint8)
            role_of_cluster[usable[kept]] = Role.TRAINING
            role_of_cluster[usable[kept[inner]]] = Role.INNER_VALIDATION
            role_of_cluster[usable[scored]] = Role.SCORED
            members.append(Member(seed, repeat, fold))
            roles.append(role_of_cluster[cluster_of_row])
    audit = {
        "rows": len(cluster_of_row),
        "test_rows": int(in_test.sum()),
        "test_share": section.test_share,
        "folds": section.folds,
        "repeats": section.repeats,
        "inner_share": section.inner_share,
        "stratified": stratified,
        "seed": section.seed,
        **_duplicates(cluster_of_row, first_row, dataset.targets),
    }
    return Split(tuple(members), np.stack(roles), audit)


def _clusters(features: NDArray[Any], seed: int, test_share: float) -> tuple[Rows, NDArray[np.bool_]]:
    """Number equal rows alike, `[N]`, and say which rows the hash puts into the test set, `[N]`."""
    flat = np.ascontiguousarray(np.asarray(features).reshape(len(features), -1))
    if flat.dtype != np.uint8:
        flat = flat + np.float32(0)  # -0.0 equals 0.0 but has other bytes
    numbers: dict[bytes, int] = {}
    salt = seed_of("test set", seed).to_bytes(8, "little")
    cluster = np.empty(len(flat), dtype=np.int64)
    in_test = np.empty(len(flat), dtype=bool)
    for row in range(len(flat)):
        digest = hashlib.blake2b(flat[row].tobytes(), digest_size=16, key=salt).digest()
        cluster[row] = numbers.setdefault(digest, len(numbers))
        in_test[row] = int.from_bytes(digest[:8], "little") < test_share * 2.0**64
    return cluster, in_test


def _folds(strata: NDArray[Any], folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """For each fold the rows kept and the rows scored; each stratum is dealt evenly, in a shuffled order.

    Sizes of folds differ by one at most, and so do a stratum's counts: a round robin over the sorted strata says how
    many of each a fold gets. Row for row this is what scikit-learn's StratifiedKFold deals, whose import takes longer
    than the rest of the stage: strata are numbered as they first occur, so that what they are called does not matter,
    and shuffled by RandomState, the generator whose stream numpy promises not to change.
    """
    draws = np.random.RandomState(seed)
    _, first, code = np.unique(strata, return_index=True, return_inverse=True)
    stratum_of_row = np.argsort(np.argsort(first))[code]
    in_order = np.sort(stratum_of_row)
    counts = np.stack([np.bincount(in_order[fold::folds], minlength=len(first)) for fold in range(folds)])
    fold_of_row = np.empty(len(strata), dtype=np.int64)
    for stratum in range(len(first)):
        dealt = np.repeat(np.arange(folds), counts[:, stratum])
        draws.shuffle(dealt)
        fold_of_row[stratum_of_row == stratum] = dealt
    return [(np.flatnonzero(fold_of_row != fold), np.flatnonzero(fold_of_row == fold)) for fold in range(folds)]


def _inner(strata: NDArray[Any], share: float, seed: int) -> Rows:
    """About `share` of each stratum, at least one row of it and never all."""
    draws = np.random.RandomState(seed)
    picked: list[Rows] = []
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        count = min(max(round(share * len(rows)), 1), len(rows) - 1)
        picked.append(draws.permutation(rows)[:count])
    return np.sort(np.concatenate(picked))


def _refuse_small(strata: NDArray[Any], stratified: bool, section: SplitSection, classes: tuple[str, ...]) -> None:
    """Each fold needs rows to score, and what is left of each stratum one to train on and one for inner validation."""
    folds = section.folds
    if not stratified:
        needed = 2 * folds
        if len(strata) < needed:
            raise DataError(
                f"split.folds: {folds} folds of {len(strata)} different rows outside the test set, needed: {needed}; "
                "lower split.folds or split.test_share"
            )
        return
    needed = max(folds, 4 if folds == 2 else 3)
    problems = [
        f"split.folds: class {classes[index]!r} has {count} different rows outside the test set, "
        f"{folds} stratified folds need {needed}; lower split.folds, add rows, or set split.stratify: false"
        for index, count in enumerate(np.bincount(strata, minlength=len(classes)))
        if count < needed
    ]
    if problems:
        raise DataError(*problems)


def _duplicates(cluster: Rows, first_row: Rows, targets: NDArray[Any]) -> dict[str, int]:
    sizes = np.bincount(cluster)
    conflicting = np.unique(cluster[targets != targets[first_row[cluster]]])
    return {
        "duplicate_clusters": int((sizes > 1).sum()),
        "duplicate_rows": int(sizes[sizes > 1].sum()),
        "conflicting_duplicates": len(conflicting),
    }
