"""What prepared data looks like: ranges, missing values, balance, duplicates, and what is odd about it.

Rows are read in blocks, so that memory grows by the hashes of the rows alone, by which duplicates are found.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.duplicates import counts_of, digests_of, equal_rows
from foldproof.data.encoding import MISSING, decode
from foldproof.data.moments import Moments
from foldproof.data.schema import Column, Target
from foldproof.data.telling import telling
from foldproof.errors import listed

SCHEMA = 1
BLOCK = 8 << 20  # bytes of raw rows looked at at a time
SHOWN_VALUES = 5  # of a category, the most frequent ones
RARE = 0.01  # share of the rows below which a class is called rare


def profile_of(dataset: Dataset) -> dict[str, Any]:
    """Plain values for JSON: `rows`, `columns`, `targets`, `duplicate_rows`, `constant`, `telling`, `warnings`.

    `duplicate_rows` are those that equal another one, as the split has it (`counts_of`). Of an image the pixels of all
    rows are one column. Means and deviations (ddof 0) leave missing values out.
    """
    schema = dataset.schema
    columns = schema.columns if schema.kind == "table" else (Column("pixel" if schema.kind == "image" else "code"),)
    moments, counts = Moments(len(columns)), _counters(columns)
    for block in _blocks(dataset.features):
        rows = block.reshape(len(block), -1)
        values = rows if schema.kind == "table" else rows.reshape(-1, 1)
        moments.add(values.astype(np.float64))
        for place, counter in counts.items():
            codes = values[:, place]
            counter += np.bincount(codes[~np.isnan(codes)].astype(np.int64), minlength=len(counter))
    described = [_column(column, moments, place, counts.get(place)) for place, column in enumerate(columns)]
    targets = [_target(target, dataset.targets, place) for place, target in enumerate(schema.targets)]
    found = {
        "schema": SCHEMA,
        "kind": schema.kind,
        "rows": len(dataset.features),
        "columns": described,
        "targets": targets,
        "duplicate_rows": counts_of(equal_rows(digests_of(dataset)), dataset.targets)["duplicate_rows"],
        "constant": [one["name"] for one in described if one["distinct"] == 1 or one.get("sd") == 0],
        "telling": telling(dataset) if schema.kind == "table" else [],
        **({"groups": len(np.unique(dataset.groups))} if dataset.groups is not None else {}),
    }
    return {**found, "warnings": _warnings(found)}


def _blocks(features: NDArray[Any]) -> Iterator[NDArray[Any]]:
    size = max(1, BLOCK // max(1, int(np.prod(features.shape[1:])) * features.dtype.itemsize))
    for start in range(0, len(features), size):
        yield np.asarray(features[start : start + size])


def _counters(columns: tuple[Column, ...]) -> dict[int, NDArray[np.int64]]:
    """By the place of a category, room to count its values."""
    return {
        place: np.zeros(len(column.values), dtype=np.int64)
        for place, column in enumerate(columns)
        if column.kind == "category"
    }


def _column(column: Column, moments: Moments, place: int, counts: NDArray[np.int64] | None) -> dict[str, Any]:
    told: dict[str, Any] = {"name": column.name, "kind": column.kind, "missing": int(moments.missing[place])}
    least, largest = float(moments.least[place]), float(moments.largest[place])
    if counts is not None:
        most = np.argsort(-counts, kind="stable")[:SHOWN_VALUES]
        shown = {column.values[code]: int(counts[code]) for code in most}
        return {**told, "distinct": int((counts > 0).sum()), "most": [[name, count] for name, count in shown.items()]}
    if column.kind == "date":
        first, last = decode(np.array([[least], [largest]]), (column,))[column.name]
        return {**told, "distinct": 1 if least == largest else None, "first": first, "last": last}
    mean, deviation = float(moments.mean[place]), float(moments.deviation[place])
    distinct = 1 if least == largest else 2 if column.kind == "boolean" else None
    return {**told, "distinct": distinct, "least": least, "largest": largest, "mean": mean, "sd": deviation}


def _target(target: Target, targets: NDArray[Any], place: int) -> dict[str, Any]:
    values = np.asarray(targets if targets.ndim == 1 else targets[:, place])
    if target.task == "classification":
        counts = np.bincount(values.astype(np.int64), minlength=len(target.classes))
        balance = [[name, int(count)] for name, count in zip(target.classes, counts, strict=True)]
        return {"name": target.name, "task": target.task, "classes": balance}
    numbers = values.astype(np.float64)
    return {
        "name": target.name,
        "task": target.task,
        "least": float(numbers.min()),
        "largest": float(numbers.max()),
        "mean": float(numbers.mean()),
        "sd": float(numbers.std()),
    }


def _warnings(found: dict[str, Any]) -> list[str]:
    """What a person should look at before anything is trained, a sentence each."""
    told = [
        f"column {one['column']!r} alone tells {one['target']!r}: {one['why']}; is it known before?"
        for one in found["telling"]
    ]
    if found["constant"] and found["kind"] == "table":
        names = listed(list(map(repr, found["constant"])))
        told.append(f"the same in every row, so that it tells nothing: {names}; name it in data.drop")
    for target in found["targets"]:
        for name, count in target.get("classes", []):
            if count < RARE * found["rows"]:
                told.append(f"class {name!r} of {target['name']!r} has {count} of {found['rows']} rows")
            if name in MISSING:
                told.append(f"class {name!r} of {target['name']!r} is called as a missing value is elsewhere")
    if found["duplicate_rows"]:
        what = "tokens of sentences that occur again" if found["kind"] == "text" else "rows that equal another row"
        told.append(f"{what}: {found['duplicate_rows']} of {found['rows']}")
    return told
