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


def prediction_table(schema: Schema, out_of_fold: "pd.DataFrame", ids: NDArray[Any] | None = None) -> "pd.DataFrame":
    """Columns actual and predicted, one line an out-of-fold prediction: class names, or values.

    Those of further targets are called `actual_<target>` and `predicted_<target>`. A class name that a spreadsheet
    would run as a formula gets an apostrophe before it.

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

    columns: dict[str, object] = {}
    for place, target in enumerate(schema.targets):
        end = f"_{target.name}" if place else ""
        outputs = out_of_fold[[schema.column(place, name) for name in target.columns]].to_numpy()
        actual = out_of_fold[schema.column(place, "target")]
        if target.classes:
            names = [neutral(name) for name in target.classes]
            columns[f"actual{end}"] = [names[int(code)] for code in actual]
            columns[f"predicted{end}"] = [names[code] for code in outputs.argmax(axis=1)]
        else:
            columns |= {f"actual{end}": actual, f"predicted{end}": outputs[:, 0]}
    return pd.DataFrame(columns)
