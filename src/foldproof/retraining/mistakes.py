"""The rows that were predicted worst, out of fold: for a summary that was asked to show rows of data."""

from pathlib import Path
from typing import TYPE_CHECKING

from foldproof.data.schema import Schema
from foldproof.report.rows import Rows
from foldproof.reproducibility import read_json

if TYPE_CHECKING:
    import pandas as pd


def worst(root: Path, count: int) -> Rows:
    """The `count` rows that were mistaken most, with number, fold, actual and predicted value; no features.

    Classes: most mistaken is the highest probability of a wrong class. Values: the largest absolute error.
    """
    import numpy as np
    import pandas as pd

    schema = Schema.from_dict(read_json(root / "data" / "prepared" / "schema.json"))
    table = pd.read_parquet(root / "data" / "predictions" / "out_of_fold.parquet")
    if schema.task == "classification":
        shares = table[[f"p{place}" for place in range(len(schema.classes))]].to_numpy(np.float64)
        target, predicted = table["target"].to_numpy(np.int64), shares.argmax(axis=1)
        size = np.where(predicted == target, 0.0, shares.max(axis=1))
        actual, said = ([schema.classes[place] for place in places] for places in (target, predicted))
        last = "probability"
    else:
        values, found = table["target"].to_numpy(np.float64), table["prediction"].to_numpy(np.float64)
        size = np.abs(found - values)
        actual, said = ([f"{value:.6g}" for value in places] for places in (values, found))
        last = "error"
    order = [place for place in np.argsort(-size, kind="stable")[:count] if size[place] > 0]
    lines = tuple(
        (str(table["row"].iloc[at]), _member(table, at), actual[at], said[at], f"{size[at]:.3g}") for at in order
    )
    return Rows(("row", "fold", "actual", "predicted", last), lines)


def _member(table: "pd.DataFrame", at: int) -> str:
    repeat, fold = table["repeat"].iloc[at], table["fold"].iloc[at]
    return str(fold) if table["repeat"].max() == 0 else f"{fold} of repeat {repeat}"
