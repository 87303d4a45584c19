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

    Classes: most mistaken is the highest probability of a wrong class. Values: the largest absolute error. Of several
    targets, so many rows each.
    """
    import pandas as pd

    schema = Schema.from_dict(read_json(root / "data" / "prepared" / "schema.json"))
    table = pd.read_parquet(root / "data" / "predictions" / "out_of_fold.parquet")
    several = len(schema.targets) > 1
    measures = dict.fromkeys("probability" if target.classes else "error" for target in schema.targets)
    lines = tuple(
        (target.name, *line) if several else line
        for place, target in enumerate(schema.targets)
        for line in _worst_of(schema, place, table, count)
    )
    named = ("target",) if several else ()
    return Rows((*named, "row", "fold", "actual", "predicted", " or ".join(measures)), lines)


def _worst_of(schema: Schema, place: int, table: "pd.DataFrame", count: int) -> list[tuple[str, ...]]:
    import numpy as np

    target = schema.targets[place]
    actual, outputs = (
        table[[schema.column(place, name) for name in names]].to_numpy(np.float64)
        for names in (("target",), target.columns)
    )
    if target.classes:
        wanted, predicted = actual[:, 0].astype(np.int64), outputs.argmax(axis=1)
        size = np.where(predicted == wanted, 0.0, outputs.max(axis=1))
        written = [[target.classes[code] for code in codes] for codes in (wanted, predicted)]
    else:
        size = np.abs(outputs - actual)[:, 0]
        written = [[f"{value:.6g}" for value in values[:, 0]] for values in (actual, outputs)]
    order = [at for at in np.argsort(-size, kind="stable")[:count] if size[at] > 0]
    return [
        (str(table["row"].iloc[at]), _member(table, at), *(one[at] for one in written), f"{size[at]:.3g}")
        for at in order
    ]


def _member(table: "pd.DataFrame", at: int) -> str:
    repeat, fold = table["repeat"].iloc[at], table["fold"].iloc[at]
    return str(fold) if table["repeat"].max() == 0 else f"{fold} of repeat {repeat}"
