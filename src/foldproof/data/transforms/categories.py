"""Categories of tables: a 0 or 1 for each value, or a code to be embedded.

A value that no training row of the member has, one that the data does not know and a missing one are all the same to
it: unknown.
"""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.preprocess import CategoriesName
from foldproof.data.transforms.stream import Floats

if TYPE_CHECKING:
    from torch import Tensor

Sized = tuple[int, int]  # the place of a column, and how many values it may take
MOST_ONE_HOT: dict[CategoriesName, float] = {"one_hot": inf, "embed": -1, "auto": 16}  # values; beyond, codes


def seen(features: NDArray[Any], places: NDArray[np.int64], columns: Sequence[Sized]) -> list[NDArray[np.bool_]]:
    """For each column, which of its values occur in these rows of `features` `[N, F]`."""
    found: list[NDArray[np.bool_]] = []
    for column, values in columns:
        codes = np.unique(np.asarray(features[places, column], dtype=np.float64))
        known = np.zeros(values, dtype=bool)
        known[codes[codes >= 0].astype(np.int64)] = True
        found.append(known)
    return found


def fit_one_hot(known: Sequence[NDArray[np.bool_]]) -> Floats:
    """For each output the code that it stands for, NaN for an unknown one, which nothing equals; `[sum of values]`."""
    return np.concatenate([np.where(one, np.arange(len(one), dtype=np.float64), np.nan) for one in known])


def one_hot(rows: "Tensor", codes: "Tensor", columns: Sequence[Sized]) -> "Tensor":
    """`[P, B, sum of values]` of raw rows `[P, B, F]`; all zeros where the value is unknown."""
    import torch

    own = torch.cat([rows[..., column, None].expand(*rows.shape[:2], values) for column, values in columns], -1)
    return (own == codes.unsqueeze(1)).to(rows.dtype)


def fit_codes(known: Sequence[NDArray[np.bool_]]) -> Floats:
    """For each value, and for unknown after the last, the code that the network is given; `[sum of (values + 1)]`."""
    return np.concatenate([np.append(np.where(one, np.arange(len(one)), len(one)), len(one)) for one in known]) * 1.0


def coded(rows: "Tensor", codes: "Tensor", columns: Sequence[Sized]) -> "Tensor":
    """Codes `[P, B, columns]` of raw rows `[P, B, F]`, from 0 to the number of values, which is unknown."""
    import torch

    found, start = [], 0
    for column, values in columns:
        raw = rows[..., column]
        index = torch.where((raw >= 0) & (raw < values), raw, values).long()
        found.append(codes[:, start : start + values + 1].gather(1, index))
        start += values + 1
    return torch.stack(found, -1)
