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
        """One line a row: `prediction`, and for classes the probability `p_<class>` of each."""
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
    """The predictions of an exported model as a table."""
    predicted = model.predict(rows)
    if model.schema.task == "regression":
        return pd.DataFrame({"prediction": predicted.astype("float64")})
    names = model.schema.classes
    best = [names[index] for index in predicted.argmax(axis=1)]
    columns = {f"p_{name}": predicted[:, index].astype("float64") for index, name in enumerate(names)}
    return pd.DataFrame({"prediction": best, **columns})


set_model(EnsembleModel())
