"""What a stage left in the workspace, as entries of the journal.

The stages use it for what they have just written, and `sync` for what DVC restored from its cache without running any
code; so both ways give the same record.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from foldproof.data.splits import Member
from foldproof.reproducibility import read_json
from foldproof.tracking.curves import replay
from foldproof.tracking.layers_watched import figures_in
from foldproof.tracking.scribe import Scribe

DIAGNOSIS = "foldproof.diagnosis"

# The stages that the record is about, and the file without which a stage has left nothing.
LEAVES = {"train": "reports/curves.csv", "evaluate": "reports/metrics.json", "report": "reports/report.html"}


def record_curves(scribe: Scribe, root: Path, seed: int) -> None:
    """The learning curves of `reports/curves.csv`, with the best epochs that the models' record names."""
    record = root / "models" / "model.json"
    members = read_json(record)["members"] if record.exists() else []
    best = {(member["repeat"], member["fold"]): member["best_epoch"] for member in members}
    replay(root / LEAVES["train"], figures_in(root / "reports" / "watched.csv"), best, seed, scribe.metrics)


def record_outputs(scribe: Scribe, root: Path, stage: str, seed: int) -> None:
    """The files of a stage: figures as metrics, the rest as artifacts and model; what is absent is passed over."""
    if stage == "train" and (root / "models" / "model.json").exists():
        scribe.model(root / "models", root / "data" / "prepared" / "features.npy")
    for file, folder in _artifacts(root, stage):
        scribe.artifact(file, folder)
    if tags := dict(_tags(root / "reports", stage)):
        scribe.tags(tags)
    if stage == "evaluate":
        if (root / LEAVES["evaluate"]).exists():
            figures = read_json(root / LEAVES["evaluate"])
            further = figures.pop("targets", {})
            scribe.metrics(dict(_numbers(figures)))
            for target, own in further.items():
                scribe.metrics(dict(_numbers(own, f"{target}/")))
        for member, values in _folds(root / "reports" / "folds.csv", seed):
            scribe.metrics(values, member)
        record_diagnoses(scribe, root / "reports" / "evaluation.json")


def record_diagnoses(scribe: Scribe, evaluation: Path) -> None:
    """Tags with what the learning curves say, of the run and of each member: names, or that nothing is amiss."""
    assessed = read_json(evaluation) if evaluation.exists() else {}
    if "diagnoses" not in assessed:  # not written, or by an earlier foldproof
        return
    scribe.tags({DIAGNOSIS: _names(assessed["diagnoses"])})
    for one in assessed["members"]:
        member = Member(one["seed"], one["repeat"], one["fold"])
        scribe.tags({DIAGNOSIS: _names(one["symptoms"])}, member)


def _names(found: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(one["name"] for one in found) or "nothing amiss"


def _artifacts(root: Path, stage: str) -> Iterator[tuple[Path, str]]:
    reports = root / "reports"
    named = {
        "train": [],
        "evaluate": [reports / name for name in ("metrics.json", "evaluation.json", "folds.csv")],
        "report": [reports / name for name in ("report.html", "checks.json")],
    }
    yield from ((file, "") for file in named.get(stage, []) if file.exists())
    if stage == "evaluate":
        yield from ((picture, "plots") for picture in sorted((reports / "plots").glob("*.png")))


def _tags(reports: Path, stage: str) -> Iterator[tuple[str, str]]:
    """What was found before training: `passed` or the names of errors, and the names of warnings."""
    verdict, checks = reports / "verdict.json", reports / "checks.json"
    if stage == "train" and verdict.exists():
        yield "foldproof.checks", ", ".join(read_json(verdict)["errors"]) or "passed"
    if stage == "report" and checks.exists():
        warned = [one["check"] for one in read_json(checks)["checks"] if one["status"] == "warning"]
        yield "foldproof.check_warnings", ", ".join(warned) or "none"


def _numbers(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of nested values, under dotted names."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{name}", float(value)


def _folds(file: Path, seed: int) -> Iterator[tuple[Member, dict[str, float]]]:
    """Each member's figures from a table with the columns repeat, fold, and one a figure."""
    if not file.exists():
        return
    with file.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            member = Member(seed, int(row["repeat"]), int(row["fold"]))
            figures = {name: _number(text) for name, text in row.items() if name not in ("seed", "repeat", "fold")}
            yield member, {name: number for name, number in figures.items() if number is not None}


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
