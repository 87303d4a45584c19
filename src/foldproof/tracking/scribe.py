"""What is written into a journal: each method adds one entry; files are copied beside it.

A temporary experiment's folder is gone before an MLflow server that was down is back, so the copies outlive it.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from foldproof.config import Params
from foldproof.data.schema import Schema
from foldproof.data.splits import Member
from foldproof.reproducibility import sha256, sha256_of_tree
from foldproof.tracking.journal import Journal
from foldproof.tracking.workspace import files_of

StageStatus = Literal["started", "finished", "failed", "killed"]
EXAMPLE = "input_example.npy"
EXAMPLE_ROWS = 2


class Scribe:
    """Writes one run's journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def open(
        self,
        digest: str,
        attempt: int,
        name: str,
        experiment: str,
        params: Params,
        tags: Mapping[str, str],
        environment: Mapping[str, str],
    ) -> None:
        """The first entry: what the run is."""
        body = {
            "digest": digest,
            "attempt": attempt,
            "name": name,
            "experiment": experiment,
            "params": params.flat(),
            "tags": dict(tags),
            "environment": dict(environment),
        }
        self.journal.append("open", body, durable=True)

    def input(self, schema: Schema) -> None:
        """The data that the run is about."""
        self.journal.append("input", schema.to_dict())

    def stage(self, name: str, status: StageStatus, message: str = "") -> None:
        """A stage began or ended."""
        self.journal.append("stage", {"name": name, "status": status, "message": message}, durable=True)

    def metrics(self, values: Mapping[str, float], member: Member | None = None, step: int | None = None) -> None:
        """Figures of a member, or of the whole run; `step` is the epoch, None for a figure that has no series."""
        key = None if member is None else [member.seed, member.repeat, member.fold]
        plain = {name: float(value) for name, value in values.items()}
        self.journal.append("metrics", {"member": key, "step": step, "values": plain})

    def tags(self, tags: Mapping[str, str], member: Member | None = None) -> None:
        """Tags of the whole run, or of a member; an empty text takes a tag away."""
        if member is None:
            self.journal.append("tags", dict(tags))
        else:
            key = [member.seed, member.repeat, member.fold]
            self.journal.append("member_tags", {"member": key, "tags": dict(tags)})

    def artifact(self, path: Path, folder: str = "") -> None:
        """A file, to be found under `folder` among the run's artifacts."""
        content = path.read_bytes()
        self.text(path.name, content, folder)

    def text(self, name: str, content: bytes | str, folder: str = "") -> None:
        """As `artifact`, for content that lies in no file."""
        data = content.encode() if isinstance(content, str) else content
        checksum = sha256(data)
        copy = files_of(self.journal.path) / checksum[:16] / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
        body = {"file": f"{checksum[:16]}/{name}", "folder": folder, "sha256": checksum, "bytes": len(data)}
        self.journal.append("artifact", body, durable=True)

    def model(self, folder: Path, features: Path | None = None) -> None:
        """An exported model; the first rows of `features`, an .npy file of raw rows, are the example of its input."""
        checksum = sha256_of_tree([folder], folder)
        copy = files_of(self.journal.path) / checksum[:16] / "model"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        if features is not None and features.exists():
            _write_example(copy.parent / EXAMPLE, features)
        self.journal.append("model", {"folder": checksum[:16], "sha256": checksum}, durable=True)


def _write_example(target: Path, features: Path) -> None:
    import numpy as np

    rows: Any = np.load(features, mmap_mode="r", allow_pickle=False)[:EXAMPLE_ROWS]
    np.save(target, np.asarray(rows), allow_pickle=False)
