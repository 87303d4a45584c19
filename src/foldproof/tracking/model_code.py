"""The model as MLflow serves it: MLflow runs this file to load it; what is stored is weights and JSON alone."""

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class EnsembleModel(PythonModel):  # type: ignore[misc]
    """The mean of the fold members' predictions of raw rows; each member applies its own preprocessing."""

    def load_context(self, context: Any) -> None:
        """Load the exported model among the artifacts."""
        from foldproof.model.exported import ExportedModel

        self.model = ExportedModel.load(context.artifacts["model"])

    # MLflow looks at the hint of `model_input`: without one it warns, and of this one it makes no signature of its own.
    # For images it hands over an array all the same, as the model's signature says.
    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """One line a row: `prediction`, and for classes the probability `p_<class>` of each.

        Of several targets: `prediction_<target>` and `p_<target>_<class>`.
        """
        return table_of(self.model, rows_of(self.model.schema, model_input))


def rows_of(schema: Any, model_input: Any) -> Any:
    """Raw rows `[n, *shape]` from a table with the columns by name, or from an array."""
    import logging

    import numpy as np

    from foldproof.data.encoding import encode_frame

    if schema.kind == "table" and isinstance(model_input, pd.DataFrame):
        encoded = encode_frame(model_input, schema.columns)
        if encoded.unseen:
            logging.getLogger("foldproof").warning("%s", encoded.told())
        return encoded.rows
    return np.asarray(model_input)


def table_of(model: Any, rows: Any) -> pd.DataFrame:
    """The predictions of an exported model as a table; of several targets one after the other."""
    schema, parts = model.schema, []
    for place, own in enumerate(schema.apart(model.predict(rows).astype("float64"))):
        names = schema.targets[place].classes
        values = [[names[index] for index in own.argmax(axis=1)], *own.T] if names else [own]
        parts.append(pd.DataFrame(dict(zip(schema.served(place), values, strict=True))))
    return pd.concat(parts, axis=1)


set_model(EnsembleModel())
