"""Which values a trained model can be given."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Schema
from foldproof.errors import DataError, listed


def require_usable(rows: NDArray[Any], schema: Schema, where: str) -> None:
    """Raise DataError where raw rows `[n, *shape]` are infinite, or lack a number that no training row lacked.

    A category that is missing is an unknown one.
    """
    flat = np.asarray(rows).reshape(len(rows), int(np.prod(schema.shape)))
    if flat.dtype.kind not in "fc":
        return
    lacking = np.isnan(flat)
    may_lack = [column.missing or column.kind == "category" for column in schema.columns]
    lacking[:, np.flatnonzero(may_lack)] = False
    bad = np.flatnonzero((lacking | np.isinf(flat)).any(axis=1))
    if len(bad):
        names = [column.name for place, column in enumerate(schema.columns) if lacking[:, place].any()]
        told = f"; no training row lacked {listed(list(map(repr, names)))}" if names else ""
        raise DataError(f"{where}: missing or infinite values in rows {listed(bad)}, counted from 0{told}")
