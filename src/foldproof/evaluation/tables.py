"""The tables that stage evaluate writes beside its figures, for DVC's plots and for spreadsheets."""

from typing import TYPE_CHECKING

from foldproof.data.schema import Schema
from foldproof.evaluation.assessment import Assessment

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def fold_table(assessment: Assessment) -> "pd.DataFrame":
    """One line a member: repeat, fold, rows, best epoch, epochs, why it stopped, and every metric.

    The metrics of further targets are called `<target>/<metric>`.
    """
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
                **_of_further_targets(assessment, place),
            }
            for place, member in enumerate(assessment.members)
        ]
    )


def _of_further_targets(assessment: Assessment, place: int) -> dict[str, float]:
    return {
        f"{name}/{metric.name}": one.members[place].scores[metric.name]
        for name, one in assessment.targets.items()
        for metric in one.metrics
    }


def prediction_table(schema: Schema, out_of_fold: "pd.DataFrame") -> "pd.DataFrame":
    """Columns actual and predicted, one line an out-of-fold prediction: class names, or values.

    Those of further targets are called `actual_<target>` and `predicted_<target>`. A class name that a spreadsheet
    would run as a formula gets an apostrophe before it.
    """
    import pandas as pd

    columns: dict[str, object] = {}
    for place, target in enumerate(schema.targets):
        end = f"_{target.name}" if place else ""
        outputs = out_of_fold[[schema.column(place, name) for name in target.columns]].to_numpy()
        actual = out_of_fold[schema.column(place, "target")]
        if target.classes:
            names = [f"'{name}" if name.startswith(FORMULA_STARTS) else name for name in target.classes]
            columns[f"actual{end}"] = [names[int(code)] for code in actual]
            columns[f"predicted{end}"] = [names[code] for code in outputs.argmax(axis=1)]
        else:
            columns |= {f"actual{end}": actual, f"predicted{end}": outputs[:, 0]}
    return pd.DataFrame(columns)
