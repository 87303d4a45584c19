"""The tables that stage evaluate writes beside its figures, for DVC's plots and for spreadsheets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from foldproof.data.schema import Schema
from foldproof.evaluation.assessment import Assessment

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutral(text: str) -> str:
    """Text from the data as a spreadsheet may show it: what it would run as a formula gets an apostrophe before it."""
    if not text.startswith(FORMULA_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def fold_table(assessment: Assessment) -> "pd.DataFrame":
    """One line a member: repeat, fold, rows, best epoch, epochs, why it stopped, and every metric."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "repeat": member.repeat,
                "fold": member.fold,
                "training_rows": member.training_rows,
                "inner_validation_rows": member.inner_validation_rows,
                "scored_rows": member.scored_rows,
                "best_epoch": member.best_epoch,
                "epochs": member.epochs,
                "stopped": member.stopped,
                **{metric.name: member.scores[metric.name] for metric in assessment.metrics},
            }
            for member in assessment.members
        ]
    )


def prediction_table(schema: Schema, out_of_fold: "pd.DataFrame", ids: NDArray[Any] | None = None) -> "pd.DataFrame":
    """Columns actual and predicted, one line an out-of-fold prediction: class names, or values.

    Before them stands what the rows are called, where the data says so: `ids` `[N]`, of all its rows.
    """
    table = _actual_and_predicted(schema, out_of_fold)
    if ids is not None:
        return with_ids(table, schema, [str(ids[row]) for row in out_of_fold["row"]])
    return table


def with_ids(table: "pd.DataFrame", schema: Schema, ids: Sequence[str]) -> "pd.DataFrame":
    """The table with what its rows are called in front, under the name that the data's column has."""
    name = neutral(schema.id or "id")
    table.insert(0, f"id {name}" if name in table.columns else name, [neutral(one) for one in ids])
    return table


def _actual_and_predicted(schema: Schema, out_of_fold: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    if schema.task == "regression":
        return pd.DataFrame({"actual": out_of_fold["target"], "predicted": out_of_fold["prediction"]})
    names = [neutral(name) for name in schema.classes]
    columns = [f"p{index}" for index in range(len(names))]
    predicted = out_of_fold[columns].to_numpy().argmax(axis=1)
    return pd.DataFrame(
        {
            "actual": [names[code] for code in out_of_fold["target"]],
            "predicted": [names[code] for code in predicted],
        }
    )
