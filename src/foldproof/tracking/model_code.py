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
        from foldproof.model.served import predictions_table

        schema = self.model.schema
        predictions = self.model.predict(rows_of(schema, model_input))
        return predictions_table(schema, predictions.astype("float64"))  # as the model's signature says


def rows_of(schema: Any, model_input: Any) -> Any:
    """Raw rows `[n, *shape]` from a table with the columns by name, or from an array."""
    import logging

    from foldproof.data.encoding import encode_frame
    from foldproof.model.served import rows_of_shape

    if schema.kind == "table" and isinstance(model_input, pd.DataFrame):
        encoded = encode_frame(model_input, schema.columns)
        if encoded.unseen:
            logging.getLogger("foldproof").warning("%s", encoded.told())
        return encoded.rows
    return rows_of_shape(schema, model_input, "rows to predict")


set_model(EnsembleModel())
