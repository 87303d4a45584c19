"""The prepared data: raw rows and targets as memory-mapped arrays, and the schema that says what they are."""

from dataclasses import asdict, dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foldproof.errors import DataError
from foldproof.reproducibility import canonical_json, read_json, sha256, write_json, write_whole

SCHEMA = 1
Kind = Literal["image", "table"]
Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Schema:
    """What a row is: its shape, `(C, H, W)` for an image or `(F,)` for a table, and what is predicted from it."""

    name: str
    kind: Kind
    shape: tuple[int, ...]
    task: Task
    classes: tuple[str, ...]  # names in order of class index; empty for regression
    features: tuple[str, ...]  # column names; empty for images
    target: str
    rows: int
    fingerprint: str  # SHA-256 of the arrays and of all the other fields

    @property
    def outputs(self) -> int:
        """Units of the last layer: one a class, or one for a regression."""
        return len(self.classes) or 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the version of this format."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str = "schema.json") -> "Schema":
        """Read what `to_dict` wrote; refuses another version of the format."""
        if values.get("schema") != SCHEMA:
            found = values.get("schema")
            raise DataError(
                f"{where}: schema: found {found!r}, this foldproof reads {SCHEMA}; run `dvc repro` to write it anew"
            )
        known: dict[str, Any] = {field.name: values[field.name] for field in fields(cls)}
        listed: dict[str, Any] = {key: tuple(value) for key, value in known.items() if isinstance(value, list)}
        return cls(**{**known, **listed})


@dataclass(frozen=True)
class Dataset:
    """All rows: `features` `[N, *shape]` (uint8 images or float32), `targets` `[N]` (int64 classes or float32)."""

    schema: Schema
    features: NDArray[Any]
    targets: NDArray[Any]

    def save(self, folder: str | Path) -> None:
        """Write `features.npy`, `targets.npy` and `schema.json`, each whole."""
        for name, array in (("features", self.features), ("targets", self.targets)):
            buffer = BytesIO()
            np.save(buffer, array, allow_pickle=False)
            write_whole(Path(folder) / f"{name}.npy", buffer.getvalue())
        write_json(Path(folder) / "schema.json", self.schema.to_dict())

    @classmethod
    def load(cls, folder: str | Path) -> "Dataset":
        """Map a prepared folder into memory; rows are read from disk when they are used."""
        place = Path(folder)
        if not (place / "schema.json").exists():
            raise DataError(f"{place}: holds no prepared data; run `dvc repro prepare`, or `dvc checkout`")
        schema = Schema.from_dict(read_json(place / "schema.json"), str(place / "schema.json"))
        arrays = [np.load(place / f"{name}.npy", mmap_mode="c", allow_pickle=False) for name in ("features", "targets")]
        return cls(schema, *arrays)


def describe(
    name: str,
    features: NDArray[Any],
    targets: NDArray[Any],
    task: Task | Literal["auto"] = "auto",
    classes: tuple[str, ...] | None = None,
    feature_names: tuple[str, ...] = (),
    target: str = "target",
) -> Dataset:
    """Validate raw arrays and type them; raises DataError with every problem and the rows it is in.

    Args:
        name: what the data is called in the record.
        features: `[N, F]` numbers of a table, or `[N, H, W]` or `[N, C, H, W]` images; uint8 stays, else float32.
        targets: `[N]` class labels (text, integers, booleans) or numbers.
        task: `auto` takes numbers with a fraction, or with over 20 values that mostly differ, for regression.
        classes: names of the integer labels 0, 1, ...; None takes the sorted labels themselves.
        feature_names: the table's columns; x0, x1, ... when empty.
        target: what the predicted quantity is called.
    """
    features, targets = np.asarray(features), np.asarray(targets)
    problems = _problems(features, targets)
    if problems:
        raise DataError(*(f"{name}: {problem}" for problem in problems))
    kind: Kind = "table" if features.ndim == 2 else "image"
    if features.ndim == 3:
        features = features[:, None]
    features = np.ascontiguousarray(features if features.dtype == np.uint8 else features.astype(np.float32))
    chosen = _task_of(targets) if task == "auto" else task
    if chosen == "classification":
        targets, classes = _coded(targets, classes)
        if len(classes) < 2:
            raise DataError(f"{name}: target {target!r} has one class only ({classes[0]!r}); nothing can be learnt")
    else:
        if not np.issubdtype(targets.dtype, np.number):
            raise DataError(f"{name}: target {target!r} is not numeric; set data.task to classification, or auto")
        targets, classes = targets.astype(np.float32), ()
        if (targets == targets[0]).all():
            raise DataError(f"{name}: target {target!r} is {targets[0]:g} in every row; nothing can be learnt")
    names = tuple(feature_names) or tuple(f"x{i}" for i in range(features.shape[1]))
    fields_before: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "shape": tuple(int(size) for size in features.shape[1:]),
        "task": chosen,
        "classes": classes,
        "features": names if kind == "table" else (),
        "target": target,
        "rows": len(features),
    }
    parts = (
        canonical_json(fields_before).encode(),
        features.tobytes(),
        np.ascontiguousarray(targets).tobytes(),
    )
    return Dataset(Schema(fingerprint=sha256(*parts), **fields_before), features, targets)


def _problems(features: NDArray[Any], targets: NDArray[Any]) -> list[str]:
    found: list[str] = []
    if features.ndim not in (2, 3, 4):
        found.append(f"features have shape {features.shape}, legal: [rows, columns], [rows, H, W], [rows, C, H, W]")
    if targets.ndim != 1:
        found.append(f"targets have shape {targets.shape}, legal: [rows]")
    if len(features) != len(targets):
        found.append(f"{len(features)} rows of features but {len(targets)} targets; each row needs one")
    if len(features) == 0:
        return [*found, "no rows at all"]
    return [*found, *_unusable("features", features), *_unusable("targets", targets)]


def _unusable(what: str, array: NDArray[Any]) -> list[str]:
    """What keeps values from being held in float32, or labels from being classes."""
    if array.dtype == object or not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        if what == "features":
            return [f"features are {array.dtype}, legal: numbers"]
        return _missing_labels(array) if array.dtype == object else []
    if np.issubdtype(array.dtype, np.complexfloating):
        return [f"{what} are complex numbers, legal: real ones"]
    if np.issubdtype(array.dtype, np.floating):
        return _not_finite(what, array) or _lost_in_float32(what, array.reshape(len(array), -1))
    return []


def _not_finite(what: str, array: NDArray[Any]) -> list[str]:
    bad = ~np.isfinite(array.reshape(len(array), -1).astype(np.float32, copy=False)).all(axis=1)
    if not bad.any():
        return []
    rows = np.flatnonzero(bad)
    listed = ", ".join(str(row) for row in rows[:10]) + (", ..." if len(rows) > 10 else "")
    advice = "fill or drop them before training"
    return [f"{what} hold NaN, infinite or (in float32) overflowing values in {len(rows)} rows ({listed}); {advice}"]


def _missing_labels(targets: NDArray[Any]) -> list[str]:
    rows = [row for row, label in enumerate(targets) if label is None or label != label]
    return [f"targets are missing in {len(rows)} rows ({', '.join(map(str, rows[:10]))})"] if rows else []


def _lost_in_float32(name: str, values: NDArray[Any]) -> list[str]:
    """Columns `[n, F]` that vary by less than 100 times what float32 rounds their values by, such as 1e9 + 0.1."""
    if not np.issubdtype(values.dtype, np.floating) or values.dtype == np.float32:
        return []
    deviation, largest = values.std(axis=0), np.abs(values).max(axis=0)
    lost = np.flatnonzero((deviation > 0) & (largest * 2.0**-24 > 0.01 * deviation))
    return [
        f"{name} {column}: values vary by {deviation[column]:.3g} around {values[:, column].mean():.6g}, which float32 "
        "cannot hold; subtract the offset"
        for column in lost[:10]
    ]


def _task_of(targets: NDArray[Any]) -> Task:
    if not np.issubdtype(targets.dtype, np.number):
        return "classification"
    fractional = np.issubdtype(targets.dtype, np.floating) and bool((targets != np.round(targets)).any())
    different = len(np.unique(targets))
    return "regression" if fractional or different > max(20, len(targets) // 10) else "classification"


def _coded(targets: NDArray[Any], classes: tuple[str, ...] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if np.issubdtype(targets.dtype, np.floating):
        if (targets != np.round(targets)).any():
            raise DataError("targets have fractions, which are no classes; set data.task to regression, or auto")
        targets = targets.astype(np.int64)
    if classes is not None:
        return targets.astype(np.int64), classes
    labels, codes = np.unique(targets, return_inverse=True)
    _refuse_lookalikes([str(label) for label in labels])
    return codes.astype(np.int64), tuple(str(label) for label in labels)


def _refuse_lookalikes(labels: list[str]) -> None:
    """Labels that differ only by case or spaces are one class, typed in several ways."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(" ".join(label.split()).casefold(), []).append(label)
    problems = [
        f"classes {', '.join(map(repr, same))} differ only by case or spaces"
        for same in alike.values()
        if len(same) > 1
    ]
    if problems:
        raise DataError(*(f"{problem}; write them alike" for problem in problems))
