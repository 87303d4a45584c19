"""What a target is, by one rule for arrays, tables, tagged text and images: a class or a number; and what is neither.

Whoever reads the values counts them and says where they stand; what they are, and why they cannot be learnt, is decided
here. `called` is the target in messages, such as `target 'species'`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.moments import Moments
from foldproof.data.schema import Target, Task

FEW = 20  # different whole numbers that are classes in any case ...
SHARE = 10  # ... and, where they are more, one in so many rows


def task_of(rows: int, different: float, *, numeric: bool, fractional: bool) -> Task:
    """Auto: regression where numbers have fractions, or more than 20 and a tenth of the rows differ."""
    many = different > max(FEW, rows // SHARE)
    return "regression" if numeric and (fractional or many) else "classification"


def unusable(called: str, missing: str, infinite: str) -> list[str]:
    """Values that are not there or not finite, by where they stand in words; empty texts where there are none."""
    problems = [f"{called} is empty in {missing}; fill or remove these rows"] if missing else []
    return problems + ([f"{called} is infinite, or too large for float32, in {infinite}; mend these"] * bool(infinite))


def unfit_classes(called: str, classes: Sequence[str], *, fractional: bool = False) -> list[str]:
    """What keeps values from being classes: fractions, one class alone, or one that is typed in several ways."""
    if fractional:
        return [f"{called}: values have fractions, which are no classes; set data.task to regression, or auto"]
    if len(classes) < 2:
        return [f"{called} has one class only ({''.join(classes)!r}); nothing can be learnt"]
    return [f"{called}: {line}" for line in lookalikes(classes)]


def unfit_numbers(called: str, moments: Moments, *, lost: bool) -> list[str]:
    """What keeps numbers from being learnt: all are the same, or are `lost` in float32."""
    if moments.least[0] == moments.largest[0]:
        return [f"{called} is {moments.least[0]:g} in every row; nothing can be learnt"]
    return [f"{called}: {moments.why_lost(0)}"] if lost else []


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


def side_by_side(values: Sequence[NDArray[Any]], targets: Sequence[Target]) -> NDArray[Any]:
    """`[n]` of one target, int64 class indices or float32 numbers; `[n, T]` float32 of several."""
    if len(values) > 1:
        return np.stack(values, axis=1).astype(np.float32)
    kind = np.int64 if targets[0].task == "classification" else np.float32
    return np.ascontiguousarray(values[0], dtype=kind)
