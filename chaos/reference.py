"""The undisturbed run that all others are compared with."""

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chaos.clone import PREPARED, SMALL, Clone, fresh_clone
from chaos.record import Record, record_of

WRITTEN = ("data/prepared", "data/splits", "data/statistics", "data/predictions", "data/without", "models", "reports")


@dataclass(frozen=True)
class Reference:
    """What a run of the small job leaves, and how long each stage took."""

    engine: str
    hashes: dict[str, str]  # by DVC's own word: path of an output to its hash
    files: dict[str, str]  # path of each file that stages wrote to the hash of its bytes
    record: Record
    seconds: dict[str, float]  # stage to its duration, DVC's part included
    fresh: Clone  # with nothing done, and
    prepared: Clone  # right before training: to be copied

    def seconds_after(self, done: list[str]) -> float:
        """How long the stages take that are not done yet."""
        return sum(seconds for stage, seconds in self.seconds.items() if stage not in done)


def make_reference(scratch: Path, engine: str) -> Reference:
    """Run the small job straight through."""
    fresh = fresh_clone(scratch / f"fresh-{engine}", SMALL, {"train": {"engine": engine}})
    prepared = fresh.copy(scratch / f"prepared-{engine}")
    seconds = _timed(prepared, PREPARED)
    straight = prepared.copy(scratch / f"reference-{engine}")
    seconds |= _timed(straight)
    done = straight.sync()
    assert done.code == 0, done.said
    record = record_of(straight.folder / "mlflow.db")
    assert record.parents == 1, f"the reference's own record: {record}"
    assert set(record.statuses.values()) == {"FINISHED"}, f"the reference's own record: {record}"
    return Reference(engine, hashes_of(straight), files_of(straight), record, seconds, fresh, prepared)


def hashes_of(clone: Clone) -> dict[str, str]:
    """Path to hash of everything that the stages wrote, as dvc.lock has it."""
    lock: dict[str, Any] = yaml.safe_load((clone.folder / "dvc.lock").read_text(encoding="utf-8")) or {}
    return {out["path"]: out["md5"] for stage in lock.get("stages", {}).values() for out in stage.get("outs", [])}


def files_of(clone: Clone) -> dict[str, str]:
    """Path to SHA-256 of every file that the stages wrote, as it lies there."""
    return {
        file.relative_to(clone.folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in WRITTEN
        for file in sorted((clone.folder / folder).rglob("*"))
        if file.is_file() and file.name != ".gitignore"
    }


def fit_seconds_of(clone: Clone) -> float:
    """Seconds from the first epoch's end to the last one's, by the times in the journal that was written last."""
    journals = sorted((clone.folder / ".foldproof" / "journal").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    epochs = r'"time": (\d+), "kind": "metrics", "body": \{"member": \[.*?\], "step": \d'
    times = [int(found) for found in re.findall(epochs, journals[-1].read_text(encoding="utf-8"))] if journals else []
    return (max(times) - min(times)) / 1000 if times else 0.0


def _timed(clone: Clone, *target: str) -> dict[str, float]:
    """Run `dvc repro`, and take the time of each stage from when DVC says that it begins."""
    start = clone.log_end
    process = clone.repro(*target)
    begun: dict[str, float] = {}
    while process.poll() is None:
        for stage in _begun(clone, start):
            begun.setdefault(stage, time.monotonic())
        time.sleep(0.02)
    assert process.returncode == 0, clone.log.read_text(errors="replace")
    ends = [*list(begun.values())[1:], time.monotonic()]
    return {stage: end - began for (stage, began), end in zip(begun.items(), ends, strict=True)}


def _begun(clone: Clone, start: int) -> Iterator[str]:
    yield from re.findall(r"^Running stage '(\w+)'", clone.log.read_bytes()[start:].decode(errors="replace"), re.M)
