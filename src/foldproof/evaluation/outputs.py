"""The files that stage evaluate leaves, each written whole."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.schema import Schema
from foldproof.data.splits import Split
from foldproof.evaluation.additions import MonteCarlo
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.ensembles import ensemble
from foldproof.evaluation.plots import pictures, pictures_of_target
from foldproof.evaluation.tables import fold_table, prediction_table
from foldproof.evaluation.targets import view_of_table
from foldproof.reproducibility import write_json, write_whole

if TYPE_CHECKING:
    import pandas as pd


def save_assessment(
    assessment: Assessment,
    dataset: Dataset,
    split: Split,
    out_of_fold: "pd.DataFrame",
    test_members: NDArray[Any],
    curves: "pd.DataFrame",
    folder: str | Path,
    path_of_test: str | Path,
    monte_carlo: MonteCarlo | None = None,
    watched: "pd.DataFrame | None" = None,
) -> None:
    """Write everything that is known of a run's quality.

    `folder` gets `evaluation.json` (all of it), `metrics.json` (the few figures for DVC), `folds.csv`,
    `predictions.csv` and `plots/*.png`, of which those of the second target are `target_2_*.png`; `path_of_test` gets
    the ensemble's predictions of the test rows (parquet), and where it was asked what Monte-Carlo dropout said of them.
    """
    place = Path(folder)
    write_json(place / "evaluation.json", assessment.to_dict())
    write_json(place / "metrics.json", assessment.compact())
    predictions = prediction_table(dataset.schema, out_of_fold, dataset.ids)
    tables = {"folds": fold_table(assessment), "predictions": predictions}
    for name, table in tables.items():
        write_whole(place / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    for name, picture in _pictures(assessment, dataset.schema, curves, watched, out_of_fold).items():
        write_whole(place / "plots" / f"{name}.png", picture)
    content = BytesIO()
    table_of_test_rows(dataset, split, test_members, monte_carlo).to_parquet(content, index=False)
    write_whole(path_of_test, content.getvalue())


def _pictures(
    assessment: Assessment,
    schema: Schema,
    curves: "pd.DataFrame",
    watched: "pd.DataFrame | None",
    out_of_fold: "pd.DataFrame",
) -> dict[str, bytes]:
    tables = [view_of_table(schema, out_of_fold, place) for place in range(len(schema.targets))]
    drawn = pictures(assessment, curves, tables[0], watched)
    for number, (one, table) in enumerate(zip(assessment.targets.values(), tables[1:], strict=True), start=2):
        drawn |= {f"target_{number}_{name}": picture for name, picture in pictures_of_target(one, table).items()}
    return drawn


def table_of_test_rows(
    dataset: Dataset, split: Split, test_members: NDArray[Any], monte_carlo: MonteCarlo | None = None
) -> "pd.DataFrame":
    """Row, target and p0, p1, ... or prediction (float32) of the ensemble, one line a test row.

    With Monte-Carlo dropout also the mean over masks and the spread of each of these, as `mean_p0`, `spread_p0`, ...
    Of several targets each has its own columns, `target_<name>`, `p0_<name>` and so on.
    """
    import pandas as pd

    rows, schema = split.test_rows(), dataset.schema
    found = {"": ensemble(test_members)}
    if monte_carlo is not None:
        found |= {"mean_": monte_carlo.mean, "spread_": monte_carlo.spread}
    columns: dict[str, NDArray[Any]] = {"row": rows}
    for place, target in enumerate(schema.targets):
        columns[schema.column(place, "target")] = np.asarray(dataset.view(place).targets[rows])
        for kind, outputs in found.items():
            own = schema.apart(outputs)[place].astype(np.float32).reshape(len(rows), -1).T
            names = (schema.column(place, f"{kind}{name}") for name in target.columns)
            columns |= dict(zip(names, own, strict=True))
    return pd.DataFrame(columns)
