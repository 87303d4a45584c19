"""A NumPy archive of arrays, as the user's own code saved them: a table or images, and what stands beside the rows."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, complete
from foldproof.data.describing import describe
from foldproof.data.numbering import as_they_occur
from foldproof.errors import DataError, unknown_name

NEEDED = ("features", "targets")


def load_npz(section: Data) -> Dataset:
    """Read `data.path`: `features` and `targets` as `describe` takes them, and of `BESIDE` what is there, each `[N]`.

    Raises DataError naming the file and every array that is missing or unfit. Pickled objects are refused.
    """
    assert section.path is not None
    path = Path(section.path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file (data.path is relative to the project's root)") from None
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise DataError(f"{path}: not a readable .npz archive of plain arrays: {error}") from None
    _refuse_names(path, set(arrays))
    rows = len(arrays["features"])
    problems = [
        f"{path}: {name}: found {array.dtype} of shape {array.shape}, legal: {BESIDE[name][0]}, of shape ({rows},)"
        for name, array in arrays.items()
        if name in BESIDE and (array.shape != (rows,) or not BESIDE[name][1](array))
    ]
    try:
        described = describe(
            path.stem, arrays["features"], arrays["targets"], section.task, target=next(iter(section.targets), "target")
        )
    except DataError as error:
        raise DataError(*error.problems, *problems) from None
    if problems:
        raise DataError(*problems)
    beside: dict[str, Any] = {name: row[2](arrays[name]) for name, row in BESIDE.items() if name in arrays}
    return complete(replace(described, **beside)) if beside else described


def _refuse_names(path: Path, names: set[str]) -> None:
    legal = [*NEEDED, *BESIDE]
    problems = [f"{path}: no array {name!r}; found {sorted(names)}" for name in NEEDED if name not in names]
    problems += [unknown_name(f"{path}: array", name, legal) for name in sorted(names.difference(legal))]
    if problems:
        raise DataError(*problems)


def _numbers(array: NDArray[Any]) -> bool:
    return np.issubdtype(array.dtype, np.number) and bool(np.isfinite(array).all())


def _positive(array: NDArray[Any]) -> bool:
    return _numbers(array) and bool((array > 0).all())


def _moments(array: NDArray[Any]) -> bool:
    return not np.isnat(array).any() if array.dtype.kind == "M" else _numbers(array)


def _zeros_and_ones(array: NDArray[Any]) -> bool:
    return array.dtype == bool or (np.issubdtype(array.dtype, np.integer) and bool(np.isin(array, (0, 1)).all()))


def _names(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "Uiu"


def _days(times: NDArray[Any]) -> NDArray[np.float64]:
    """Days since 1970-01-01 of moments; numbers are taken as they are."""
    moments = times.astype("datetime64[us]").astype(np.int64) / 86_400e6 if times.dtype.kind == "M" else times
    return np.asarray(moments, dtype=np.float64)


Check = Callable[[NDArray[Any]], bool]
Convert = Callable[[NDArray[Any]], NDArray[Any]]
# Arrays beside the rows: what is legal in words, whether an array is that, and what a Dataset makes of it.
BESIDE: dict[str, tuple[str, Check, Convert]] = {
    "groups": ("whole numbers or text", _names, as_they_occur),
    "times": ("numbers or moments", _moments, _days),
    "weights": ("numbers above 0", _positive, lambda array: array.astype(np.float32)),
    "ids": ("whole numbers or text", _names, lambda array: array.astype(np.str_)),
    "given_test": ("true and false", _zeros_and_ones, lambda array: array.astype(np.bool_)),
}
