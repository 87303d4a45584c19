"""The vocabulary of a member: the values that occur in its own training rows; every other one is unknown to it."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Column

if TYPE_CHECKING:
    from torch import Tensor

BESIDE = 2  # codes beyond those of a column's values: V beyond the sentence, V + 1 unknown


def known_values(codes: NDArray[Any], values: int, minimum_count: int = 1) -> NDArray[np.float64]:
    """1 for each of the `values` that occurs at least so often among `codes` `[n]`, else 0, `[values]`.

    NaN, and codes that are no value's, count for nothing.
    """
    counted = codes[(codes >= 0) & (codes < values)].astype(np.int64)
    return (np.bincount(counted, minlength=values) >= minimum_count).astype(np.float64)


def vocabularies(tokens: NDArray[Any], columns: Sequence[Column], minimum_count: int) -> dict[str, NDArray[np.float64]]:
    """`known.<column>` `[V]` of raw rows `[n, W, F]`: a row counts for the token in its middle alone."""
    own = tokens[:, tokens.shape[1] // 2]
    return {
        f"known.{column.name}": known_values(own[:, place], len(column.values), minimum_count)
        for place, column in enumerate(columns)
    }


def with_unknown(rows: "Tensor", known: "Sequence[Tensor]") -> "Tensor":
    """Codes of rows `[P, B, W, F]`, those that a member does not know made its last one, V + 1.

    `known` holds, for each of the F columns, what `known_values` gave, `[P, V]`.
    """
    import torch

    sizes = [mask.shape[1] + BESIDE for mask in known]
    beside = torch.eye(1, BESIDE, dtype=rows.dtype, device=rows.device).expand(len(rows), BESIDE)
    masks = torch.cat([part for mask in known for part in (mask, beside)], dim=1)
    first = torch.tensor(list(accumulate(sizes[:-1], initial=0)), device=rows.device)
    unknown = torch.tensor(sizes, device=rows.device) - 1
    codes = rows.long()
    codes = torch.where(codes < 0, unknown, codes)
    kept = masks.gather(1, (codes + first).flatten(1)).view(codes.shape) > 0
    return torch.where(kept, codes, unknown).to(rows.dtype)
