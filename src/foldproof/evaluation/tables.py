"""The tables that stage evaluate writes beside its figures, for DVC's plots and for spreadsheets."""

from typing import TYPE_CHECKING

from foldproof.data.schema import Schema
from foldproof.evaluation.assessment import Assessment

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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


def prediction_table(schema: Schema, out_of_fold: "pd.DataFrame") -> "pd.DataFrame":
    """Columns actual and predicted, one line an out-of-fold prediction: class names, or values.

    A class name that a spreadsheet would run as a formula gets an apostrophe before it.
    """
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


def neutral(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
