"""What a model takes from those who use it, and what they get: rows of its shape, predictions by name."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foldproof.data.schema import Schema
from foldproof.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def rows_of_shape(schema: Schema, features: ArrayLike, where: str) -> NDArray[Any]:
    """Raw rows `[n, *shape]`; images of one channel may come as `[n, H, W]`. Raises DataError for other shapes."""
    rows = np.asarray(features)
    if schema.kind == "image" and schema.shape[0] == 1 and rows.shape[1:] == schema.shape[1:]:
        return rows[:, None]
    if rows.ndim == 0 or rows.shape[1:] != schema.shape:
        raise DataError(f"{where}: rows of shape {rows.shape[1:]}, the model takes {schema.shape}")
    return rows


def predictions_table(schema: Schema, predictions: NDArray[Any]) -> "pd.DataFrame":
    """A model's predictions `[n, C]`, `[n]` or `[n, K]` as columns prediction and, for classes, p_<class>.

    Of several targets `prediction_<target>` and `p_<target>_<class>`, one target after the other.
    """
    import pandas as pd

    columns: dict[str, NDArray[Any]] = {}
    for place, own in enumerate(schema.apart(predictions)):
        classes = np.array(schema.targets[place].classes)
        values = [classes[own.argmax(axis=1)], *own.T] if len(classes) else [own]
        columns |= dict(zip(schema.served(place), values, strict=True))
    return pd.DataFrame(columns)
