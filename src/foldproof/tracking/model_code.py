"""The model as MLflow serves it. MLflow runs this file when it loads the model; no object is stored, only weights and JSON."""

from typing import Any

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class EnsembleModel(PythonModel):  # type: ignore[misc]
    """The mean of the fold members' predictions, for raw rows: each member applies its own preprocessing."""

    def load_context(self, context):  # type: ignore[no-untyped-def]  # MLflow takes hints here for a signature
        """Load the exported model among the artifacts."""
        from foldproof.model.exported import ExportedModel

        self.model = ExportedModel.load(context.artifacts["model"])

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ARG002
        """One line a row: `prediction`, and for classes the probability `p_<class>` of each."""
        return table_of(self.model, rows_of(self.model.schema, model_input))


def rows_of(schema: Any, model_input: Any) -> Any:
    """Raw rows `[n, *shape]` from a table with the columns by name, or from an array."""
    import numpy as np

    if schema.kind == "table" and hasattr(model_input, "columns"):
        return model_input[list(schema.features)].to_numpy(dtype=np.float32)
    return np.asarray(model_input)


def table_of(model: Any, rows: Any) -> Any:
    """The predictions of an exported model as a table."""
    import pandas as pd

    predicted = model.predict(rows)
    if model.schema.task == "regression":
        return pd.DataFrame({"prediction": predicted.astype("float64")})
    names = model.schema.classes
    best = [names[index] for index in predicted.argmax(axis=1)]
    columns = {f"p_{name}": predicted[:, index].astype("float64") for index, name in enumerate(names)}
    return pd.DataFrame({"prediction": best, **columns})


set_model(EnsembleModel())
