"""What stands in for missing numbers: one value a column. IMPUTERS is a table `name -> fit(table) -> [F]`.

A column that no training row fills tells the member nothing: it is 0, whatever it holds later.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from foldproof.config.preprocess import ImputerName, Preprocess
from foldproof.data.transforms.scaling import standard
from foldproof.data.transforms.stream import Floats, Stream, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor


def fit(rows: TrainingRows, section: Preprocess) -> dict[str, Floats]:
    """`fill` `[*shape]`; NaN for a column that is missing in every row."""
    table = rows.table("feature")
    known = np.zeros(table.width, dtype=bool)
    for chunk in table.chunks():
        known |= ~np.isnan(chunk).all(axis=0)
    return {"fill": np.where(known, IMPUTERS[section.impute](table), np.nan).reshape(rows.shape)}


def apply(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    """Rows `[P, B, *shape]` without missing values."""
    import torch

    fill = learnt["fill"].unsqueeze(1)
    return torch.where(rows.isnan() | fill.isnan(), fill.nan_to_num(), rows)


def mean(table: Stream) -> Floats:
    """The mean of the values that are there."""
    return standard(table)[0]


def median(table: Stream) -> Floats:
    """Their median."""
    return _simple(table, "median")


def most_frequent(table: Stream) -> Floats:
    """The value that occurs most often, the least one of several."""
    return _simple(table, "most_frequent")


def _simple(table: Stream, strategy: str) -> Floats:
    from sklearn.impute import SimpleImputer

    imputer = SimpleImputer(strategy=strategy, keep_empty_features=True)
    return np.concatenate([imputer.fit(block).statistics_ for block in table.columns()])


IMPUTERS: dict[ImputerName, Callable[[Stream], Floats]] = {
    "mean": mean,
    "median": median,
    "most_frequent": most_frequent,
}
