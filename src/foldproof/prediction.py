"""`foldproof predict`: raw rows in a file, predictions out, preprocessing included."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Schema
from foldproof.data.sources.csv import read_table
from foldproof.errors import DataError
from foldproof.model.exported import ExportedModel
from foldproof.reproducibility import write_whole

if TYPE_CHECKING:
    import pandas as pd


def predict_file(source: Path, target: Path, folder: Path) -> str:
    """Predict the rows of `source` with the model in `folder` and write `target`; says what was written."""
    model = ExportedModel.load(folder)
    features = read_rows(source, model.schema)
    write_whole(target, predictions_table(model, features).to_csv(index=False, lineterminator="\n"))
    return f"{target}: {len(features)} predictions, the mean of {len(model.members)} networks"


def read_rows(source: Path, schema: Schema) -> NDArray[Any]:
    """Raw rows `[n, *shape]` of a file; raises DataError with every column or value that does not fit."""
    if not source.exists():
        raise DataError(f"{source}: no such file")
    if source.suffix == ".csv":
        features = _read_csv(source, schema)
    elif source.suffix in (".npy", ".npz"):
        features = _read_arrays(source)
    else:
        raise DataError(f"{source}: legal endings are .csv, .npy and .npz")
    if schema.kind == "image" and features.shape[1:] == schema.shape[1:] and schema.shape[0] == 1:
        features = features[:, None]
    if features.shape[1:] != schema.shape:
        raise DataError(f"{source}: rows of shape {features.shape[1:]}, the model takes {schema.shape}")
    if len(features) == 0:
        raise DataError(f"{source}: no rows")
    bad = np.flatnonzero(~np.isfinite(features.reshape(len(features), -1).astype(np.float64)).all(axis=1))
    if len(bad):
        raise DataError(f"{source}: missing or infinite values in rows {', '.join(map(str, bad[:10]))}, counted from 0")
    return features


def predictions_table(model: ExportedModel, features: NDArray[Any]) -> "pd.DataFrame":
    """Columns prediction and, for classes, p_<class>: the mean over the model's members.

    Of several targets `prediction_<target>` and `p_<target>_<class>`, one target after the other.
    """
    import pandas as pd

    schema, parts = model.schema, []
    for place, own in enumerate(schema.apart(model.predict(features))):
        names = np.array(schema.targets[place].classes)
        values = [names[own.argmax(1)], *own.T] if len(names) else [own]
        parts.append(pd.DataFrame(dict(zip(schema.served(place), values, strict=True))))
    return pd.concat(parts, axis=1)


def _read_arrays(source: Path) -> NDArray[Any]:
    try:
        with source.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            features = np.asarray(loaded["features"] if source.suffix == ".npz" else loaded)
    except (ValueError, EOFError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{source}: not a readable array of features: {error}") from None
    if not np.issubdtype(features.dtype, np.number):
        raise DataError(f"{source}: holds {features.dtype}, legal: numbers")
    return features


def _read_csv(source: Path, schema: Schema) -> NDArray[Any]:
    table = read_table(source)
    missing = [name for name in schema.features if name not in table.columns]
    if missing or not schema.features:
        raise DataError(
            f"{source}: columns missing: {', '.join(missing) or 'the model takes images, give it .npy or .npz'}"
        )
    try:
        return table[list(schema.features)].to_numpy(np.float64)
    except ValueError as error:
        raise DataError(f"{source}: {error}; every feature column must hold numbers") from None
