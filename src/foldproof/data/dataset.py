"""The prepared data: raw rows and targets as memory-mapped arrays, and the schema that says what they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foldproof.config.customary import Kind
from foldproof.data.array_files import ArrayFiles, digest_of, fingerprint_of
from foldproof.data.precision import lost_in_float32
from foldproof.data.reading import Chunk, Reading
from foldproof.data.schema import Column, Schema, Target, Task
from foldproof.errors import DataError
from foldproof.reproducibility import read_json, write_json


@dataclass(frozen=True)
class Dataset:
    """All rows: `features` `[N, *shape]`, `targets` `[N]` or `[N, T]`, and beside them what `Chunk` names, `[N]`."""

    schema: Schema
    features: NDArray[Any]
    targets: NDArray[Any]
    groups: NDArray[np.int64] | None = None
    times: NDArray[np.float64] | None = None
    weights: NDArray[np.float32] | None = None
    ids: NDArray[np.str_] | None = None
    given_test: NDArray[np.bool_] | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Those that are there, by name."""
        named = [one.name for one in fields(self) if one.name != "schema"]
        return {name: value for name in named if (value := getattr(self, name)) is not None}

    def view(self, place: int) -> "Dataset":
        """The same rows as if the target at `place` were the only one: `[N]` int64 classes or float32 numbers."""
        if len(self.schema.targets) == 1:
            return self
        schema, column = self.schema.view(place), self.targets[:, place]
        return replace(self, schema=schema, targets=column.astype(np.int64) if schema.classes else np.array(column))

    def save(self, folder: str | Path) -> None:
        """Write `<name>.npy` of each array and `schema.json`, each whole."""
        prepare(reading_of(self), folder)

    @classmethod
    def load(cls, folder: str | Path) -> "Dataset":
        """Map a prepared folder into memory; rows are read from disk when they are used."""
        place = Path(folder)
        if not (place / "schema.json").exists():
            raise DataError(f"{place}: holds no prepared data; run `dvc repro prepare`, or `dvc checkout`")
        schema = Schema.from_dict(read_json(place / "schema.json"), str(place / "schema.json"))
        arrays = {
            one.name: np.load(path, mmap_mode="c", allow_pickle=False)
            for one in fields(cls)
            if (path := place / f"{one.name}.npy").exists()
        }
        return cls(schema, **arrays)


def prepare(reading: Reading, folder: str | Path) -> Schema:
    """Write what a source hands over as a prepared folder, chunk by chunk; its schema, complete."""
    place = Path(folder)
    with ArrayFiles(place) as files:
        for chunk in reading.chunks():
            files.append(chunk.arrays())
        schema = replace(reading.schema, rows=files.rows, fingerprint="")
        schema = replace(schema, fingerprint=fingerprint_of(schema.to_dict(), files.digests()))
        files.close_whole()
    write_json(place / "schema.json", schema.to_dict())
    return schema


def reading_of(dataset: Dataset) -> Reading:
    """Rows in memory, handed over as one chunk."""
    return Reading(dataset.schema, lambda: iter([Chunk(**dataset.arrays())]), len(dataset.features))


def collect(reading: Reading) -> Dataset:
    """What a source hands over, in memory."""
    chunks = [chunk.arrays() for chunk in reading.chunks()]
    arrays = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    return complete(Dataset(reading.schema, **arrays))


def complete(dataset: Dataset) -> Dataset:
    """The same with the number of its rows and its fingerprint."""
    schema = replace(dataset.schema, rows=len(dataset.features), fingerprint="")
    digests = {name: digest_of(array) for name, array in dataset.arrays().items()}
    return replace(dataset, schema=replace(schema, fingerprint=fingerprint_of(schema.to_dict(), digests)))


def describe(
    name: str,
    features: NDArray[Any],
    targets: NDArray[Any] | Mapping[str, NDArray[Any]],
    task: Task | Literal["auto"] = "auto",
    classes: tuple[str, ...] | None = None,
    feature_names: tuple[str, ...] = (),
    target: str = "target",
) -> Dataset:
    """Validate raw arrays and type them; raises DataError with every problem and the rows it is in.

    Args:
        name: what the data is called in the record.
        features: `[N, F]` numbers of a table, NaN where missing, or `[N, H, W]` or `[N, C, H, W]` images; uint8 stays,
            else float32.
        targets: `[N]` class labels (text, integers, booleans) or numbers; of several targets `[N, T]`, or each by name.
        task: `auto` takes numbers with a fraction, or with over 20 values that mostly differ, for regression.
        classes: names of the integer labels 0, 1, ...; None takes the sorted labels themselves.
        feature_names: the table's columns; x0, x1, ... when empty.
        target: what the predicted quantity is called; several without a name of their own are numbered after it.
    """
    features, wanted = np.asarray(features), _by_name(targets, target)
    problems = _problems(features, wanted)
    if problems:
        raise DataError(*(f"{name}: {problem}" for problem in problems))
    kind: Kind = "table" if features.ndim == 2 else "image"
    if features.ndim == 3:
        features = features[:, None]
    features = np.ascontiguousarray(features if features.dtype == np.uint8 else features.astype(np.float32))
    typed = [typed_target(name, values, task, classes, own) for own, values in wanted.items()]
    columns = _columns(feature_names, features) if kind == "table" else ()
    shape = tuple(int(size) for size in features.shape[1:])
    schema = Schema(name, kind, shape, columns, tuple(own for own, _ in typed))
    return complete(Dataset(schema, features, side_by_side([values for _, values in typed])))


def typed_target(
    name: str,
    targets: NDArray[Any],
    task: Task | Literal["auto"] = "auto",
    classes: tuple[str, ...] | None = None,
    target: str = "target",
) -> tuple[Target, NDArray[Any]]:
    """What is predicted, and for each row its class index or number; arguments and errors are those of `describe`."""
    chosen = _task_of(targets) if task == "auto" else task
    if chosen == "classification":
        codes, found = _coded(targets, classes)
        if len(found) < 2:
            raise DataError(f"{name}: target {target!r} has one class only ({found[0]!r}); nothing can be learnt")
        return Target(target, chosen, found), codes
    if not np.issubdtype(targets.dtype, np.number):
        raise DataError(f"{name}: target {target!r} is not numeric; set data.task to classification, or auto")
    if lost := _lost_in_float32(f"target {target!r}", targets[:, None]):
        raise DataError(*(f"{name}: {told}" for told in lost))
    values = targets.astype(np.float32)
    if (values == values[0]).all():
        raise DataError(f"{name}: target {target!r} is {values[0]:g} in every row; nothing can be learnt")
    return Target(target, chosen), values


def _columns(names: tuple[str, ...], features: NDArray[Any]) -> tuple[Column, ...]:
    missing = np.isnan(features).any(axis=0)
    named = tuple(names) or tuple(f"x{i}" for i in range(features.shape[1]))
    if len(named) != len(missing):
        raise DataError(f"{len(missing)} columns of features but {len(named)} names; each needs one")
    return tuple(Column(one, missing=bool(lacks)) for one, lacks in zip(named, missing, strict=True))


def side_by_side(targets: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Targets `[N]` as a Dataset holds them: one as it is, several as float32 `[N, T]`."""
    if len(targets) == 1:
        return np.ascontiguousarray(targets[0])
    return np.stack([values.astype(np.float32) for values in targets], axis=1)


def _by_name(targets: NDArray[Any] | Mapping[str, NDArray[Any]], target: str) -> dict[str, NDArray[Any]]:
    if isinstance(targets, Mapping):
        return {name: np.asarray(values) for name, values in targets.items()}
    targets = np.asarray(targets)
    if targets.ndim != 2 or targets.shape[1] < 2:
        return {target: targets[:, 0] if targets.ndim == 2 and targets.shape[1] else targets}
    return {f"{target}_{place}": column for place, column in enumerate(targets.T)}


def _problems(features: NDArray[Any], targets: Mapping[str, NDArray[Any]]) -> list[str]:
    found: list[str] = []
    if features.ndim not in (2, 3, 4):
        found.append(f"features have shape {features.shape}, legal: [rows, columns], [rows, H, W], [rows, C, H, W]")
    if not targets:
        found.append("no targets at all; name at least one")
    for name, values in targets.items():
        told = "targets" if len(targets) == 1 else f"targets {name!r}"
        if values.ndim != 1:
            found.append(f"{told} have shape {values.shape}, legal: [rows]")
        if values.ndim and len(features) != len(values):
            found.append(f"{len(features)} rows of features but {len(values)} {told}; each row needs one")
    if len(features) == 0:
        return [*found, "no rows at all"]
    of_targets = [
        problem
        for name, values in targets.items()
        for problem in _unusable("targets" if len(targets) == 1 else f"targets {name!r}", values)
    ]
    return [*found, *_unusable("features", features), *of_targets]


def _unusable(what: str, array: NDArray[Any]) -> list[str]:
    """What keeps values from being held in float32, or labels from being classes."""
    if array.dtype == object or not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        if what == "features":
            return [f"features are {array.dtype}, legal: numbers"]
        return _missing_labels(what, array) if array.dtype == object else []
    if np.issubdtype(array.dtype, np.complexfloating):
        return [f"{what} are complex numbers, legal: real ones"]
    if np.issubdtype(array.dtype, np.floating) and (told := _not_finite(what, array)):
        return told
    labels = what != "features" and not np.issubdtype(array.dtype, np.floating)  # whole numbers may be classes
    return [] if labels else _lost_in_float32(what, array.reshape(len(array), -1))


def _not_finite(what: str, array: NDArray[Any]) -> list[str]:
    values = array.reshape(len(array), -1).astype(np.float32, copy=False)
    of_table = what == "features" and array.ndim == 2
    bad = (np.isinf(values) if of_table else ~np.isfinite(values)).any(axis=1)
    if of_table and (empty := np.flatnonzero(np.isnan(values).all(axis=0))).size:
        return [f"features {', '.join(map(str, empty[:10]))} hold no value at all; leave these columns out"]
    if not bad.any():
        return []
    rows = np.flatnonzero(bad)
    listed = ", ".join(str(row) for row in rows[:10]) + (", ..." if len(rows) > 10 else "")
    advice = "fill or drop them before training"
    kinds = "infinite" if of_table else "NaN, infinite"
    return [f"{what} hold {kinds} or (in float32) overflowing values in {len(rows)} rows ({listed}); {advice}"]


def _missing_labels(what: str, targets: NDArray[Any]) -> list[str]:
    rows = [row for row, label in enumerate(targets) if label is None or label != label]
    return [f"{what} are missing in {len(rows)} rows ({', '.join(map(str, rows[:10]))})"] if rows else []


def _lost_in_float32(name: str, values: NDArray[Any]) -> list[str]:
    """A line of each of the first columns `[n, F]` that float32 cannot hold."""
    return [
        f"{name} {column}: values vary by {np.nanstd(values[:, column]):.3g} around "
        f"{np.nanmean(values[:, column]):.6g}, which float32 cannot hold; subtract the offset"
        for column in lost_in_float32(values)[:10]
    ]


def _task_of(targets: NDArray[Any]) -> Task:
    if not np.issubdtype(targets.dtype, np.number):
        return "classification"
    fractional = np.issubdtype(targets.dtype, np.floating) and bool((targets != np.round(targets)).any())
    different = len(np.unique(targets))
    return "regression" if fractional or different > max(20, len(targets) // 10) else "classification"


def _coded(targets: NDArray[Any], classes: tuple[str, ...] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    fractional = np.issubdtype(targets.dtype, np.floating)
    if fractional and (targets != np.round(targets)).any():
        raise DataError("targets have fractions, which are no classes; set data.task to regression, or auto")
    if classes is not None:
        return targets.astype(np.int64), classes
    labels, codes = np.unique(targets, return_inverse=True)
    names = tuple(str(int(label) if fractional else label) for label in labels)
    if alike := lookalikes(names):
        raise DataError(*alike)
    return codes.astype(np.int64), names


def lookalikes(labels: Iterable[str]) -> list[str]:
    """Labels that differ only by case or spaces are one class, typed in several ways: a line of advice each."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(" ".join(label.split()).casefold(), []).append(label)
    return [
        f"classes {', '.join(map(repr, same))} differ only by case or spaces; write them alike"
        for same in alike.values()
        if len(same) > 1
    ]
