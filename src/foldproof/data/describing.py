"""Arrays of a user as a Dataset: looked at whole, refused with every problem, and typed."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foldproof.config.customary import Kind
from foldproof.data.dataset import Dataset, complete
from foldproof.data.moments import Moments
from foldproof.data.precision import lost_in_float32
from foldproof.data.schema import Column, Schema, Target, Task
from foldproof.data.target_typing import side_by_side, task_of, unfit_classes, unfit_numbers, unusable
from foldproof.errors import DataError, counted, listed

LARGEST = float(np.finfo(np.float32).max)
SHOWN = 10  # columns that messages name


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
    problems = [f"{name}: {problem}" for problem in (*_of_shapes(features, wanted), *_of_features(features))]
    typed: list[tuple[Target, NDArray[Any]]] = []
    for own, values in wanted.items():
        if values.ndim == 1 and len(values):
            try:
                typed.append(typed_target(name, values, task, classes, own))
            except DataError as error:
                problems += error.problems
    if problems:
        raise DataError(*problems)
    kind: Kind = "table" if features.ndim == 2 else "image"
    if features.ndim == 3:
        features = features[:, None]
    features = np.ascontiguousarray(features if features.dtype == np.uint8 else features.astype(np.float32))
    columns = _columns(feature_names, features) if kind == "table" else ()
    shape = tuple(int(size) for size in features.shape[1:])
    found = tuple(own for own, _ in typed)
    schema = Schema(name, kind, shape, columns, found)
    return complete(Dataset(schema, features, side_by_side([values for _, values in typed], found)))


def typed_target(
    name: str,
    targets: NDArray[Any],
    task: Task | Literal["auto"] = "auto",
    classes: tuple[str, ...] | None = None,
    target: str = "target",
) -> tuple[Target, NDArray[Any]]:
    """What is predicted, and for each row `[N]` its class index or number; arguments and errors as of `describe`."""
    called = f"{name}: target {target!r}"
    if problems := _unusable(called, targets):
        raise DataError(*problems)
    numeric = np.issubdtype(targets.dtype, np.number)
    fractional = np.issubdtype(targets.dtype, np.floating) and bool((targets != np.round(targets)).any())
    if task == "auto":
        task = task_of(len(targets), len(np.unique(targets)), numeric=numeric, fractional=fractional)
    if task == "classification":
        values, found = (targets, ()) if fractional else _coded(targets, classes)
        problems = unfit_classes(called, found, fractional=fractional)
    elif numeric:
        values, found = targets.astype(np.float32), ()
        problems = unfit_numbers(called, _moments(targets), lost=bool(len(lost_in_float32(targets[:, None]))))
    else:
        problems = [f"{called} is not numeric; set data.task to classification, or auto"]
    if problems:
        raise DataError(*problems)
    return Target(target, task, found), values


def _columns(names: tuple[str, ...], features: NDArray[Any]) -> tuple[Column, ...]:
    missing = np.isnan(features).any(axis=0)
    named = tuple(names) or tuple(f"x{i}" for i in range(features.shape[1]))
    if len(named) != len(missing):
        raise DataError(f"{len(missing)} columns of features but {len(named)} names; each needs one")
    return tuple(Column(one, missing=bool(lacks)) for one, lacks in zip(named, missing, strict=True))


def _by_name(targets: NDArray[Any] | Mapping[str, NDArray[Any]], target: str) -> dict[str, NDArray[Any]]:
    if isinstance(targets, Mapping):
        return {name: np.asarray(values) for name, values in targets.items()}
    targets = np.asarray(targets)
    if targets.ndim != 2 or targets.shape[1] < 2:
        return {target: targets[:, 0] if targets.ndim == 2 and targets.shape[1] else targets}
    return {f"{target}_{place}": column for place, column in enumerate(targets.T)}


def _of_shapes(features: NDArray[Any], targets: Mapping[str, NDArray[Any]]) -> list[str]:
    found: list[str] = []
    if features.ndim not in (2, 3, 4):
        found.append(f"features have shape {features.shape}, legal: [rows, columns], [rows, H, W], [rows, C, H, W]")
    if not targets:
        found.append("no targets at all; name at least one")
    for name, values in targets.items():
        told = "targets" if len(targets) == 1 else f"targets {name!r}"
        if values.ndim != 1:
            found.append(f"{told} have shape {values.shape}, legal: [rows]")
        if features.ndim and values.ndim and len(features) != len(values):
            found.append(f"{len(features)} rows of features but {len(values)} {told}; each row needs one")
    return found if features.ndim and len(features) else [*found, "no rows at all"]


def _of_features(features: NDArray[Any]) -> list[str]:
    """What keeps features from being held in float32."""
    if features.ndim == 0 or len(features) == 0:
        return []
    if not (np.issubdtype(features.dtype, np.number) or features.dtype == bool):
        return [f"features are {features.dtype}, legal: numbers"]
    if np.issubdtype(features.dtype, np.complexfloating):
        return ["features are complex numbers, legal: real ones"]
    if np.issubdtype(features.dtype, np.floating) and (told := _not_finite(features)):
        return told
    return _lost(features.reshape(len(features), -1))


def _not_finite(features: NDArray[Any]) -> list[str]:
    values = features.reshape(len(features), -1).astype(np.float32, copy=False)
    of_table = features.ndim == 2
    bad = (np.isinf(values) if of_table else ~np.isfinite(values)).any(axis=1)
    if of_table and (empty := np.flatnonzero(np.isnan(values).all(axis=0))).size:
        return [f"features {listed(empty)} hold no value at all; leave these columns out"]
    if not (told := _rows(np.asarray(bad))):
        return []
    kinds = "infinite" if of_table else "NaN, infinite"
    return [f"features hold {kinds} or (in float32) overflowing values in {told}; fill or drop them"]


def _lost(values: NDArray[Any]) -> list[str]:
    lost = lost_in_float32(values)[:SHOWN]
    return [f"features {column}: {_moments(values[:, column]).why_lost(0)}" for column in lost]


def _unusable(called: str, targets: NDArray[Any]) -> list[str]:
    """Targets `[N]` that are missing, or no numbers that a float32 holds."""
    if targets.dtype == object:
        return unusable(called, _rows(np.array([label is None or label != label for label in targets], dtype=bool)), "")
    if np.issubdtype(targets.dtype, np.complexfloating):
        return [f"{called} holds complex numbers, legal: real ones"]
    if np.issubdtype(targets.dtype, np.floating):
        return unusable(called, _rows(np.isnan(targets)), _rows(np.asarray(np.abs(targets) > LARGEST)))
    return []


def _rows(flags: NDArray[np.bool_]) -> str:
    """Which rows these are, in words; empty where there are none."""
    rows = np.flatnonzero(flags)
    return f"{counted('row', rows)}, counted from 0" if len(rows) else ""


def _moments(values: NDArray[Any]) -> Moments:
    columns = values.reshape(len(values), -1).astype(np.float64)
    found = Moments(columns.shape[1])
    found.add(columns)
    return found


def _coded(targets: NDArray[Any], classes: tuple[str, ...] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class indices `[N]`, and the names of the classes."""
    if classes is not None:
        return targets.astype(np.int64), classes
    labels, codes = np.unique(targets, return_inverse=True)
    whole = np.issubdtype(targets.dtype, np.floating)
    return codes.astype(np.int64), tuple(str(int(label) if whole else label) for label in labels)
