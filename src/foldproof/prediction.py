"""`foldproof predict`: raw rows or images in files, predictions out, preprocessing included."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.progress import watched
from foldproof.data.schema import Schema
from foldproof.data.sources.csv import read_table
from foldproof.data.sources.image_files import FORMATS
from foldproof.data.sources.image_listing import list_images
from foldproof.data.sources.image_rows import decoded
from foldproof.errors import DataError
from foldproof.evaluation.tables import FORMULA_STARTS
from foldproof.model.exported import ExportedModel
from foldproof.reproducibility import write_whole

if TYPE_CHECKING:
    import pandas as pd


def predict_files(sources: Sequence[Path], target: Path, folder: Path) -> str:
    """Predict the rows of a file, or images, with the model in `folder` and write `target`; says what was written."""
    if target.suffix.lower() != ".csv":
        raise DataError(f"{target}: found as the file to write, legal: a name that ends in .csv")
    model = ExportedModel.load(folder)
    if any(source.is_dir() or source.suffix.lower() in FORMATS for source in sources):
        table = predict_images(model, sources)
    elif len(sources) > 1:
        raise DataError(f"{', '.join(map(str, sources))}: several files to read; legal for images alone")
    else:
        table = predictions_table(model, read_rows(sources[0], model.schema))
    write_whole(target, table.to_csv(index=False, lineterminator="\n"))
    return f"{target}: {len(table)} predictions, the mean of {len(model.members)} networks"


def predict_images(model: ExportedModel, sources: Sequence[Path]) -> "pd.DataFrame":
    """Predictions of image files, and of all those in folders, decoded as those that the model was trained on.

    Column id holds a file's path: below the folder where one folder is given, else as it was given; after an apostrophe
    where a spreadsheet would run it as a formula. Raises DataError with every file that cannot be used.
    """
    import pandas as pd

    decoding = model.schema.decoding
    if decoding is None:
        raise DataError(f"the model of {model.schema.name!r} does not take image files; give it .csv, .npy or .npz")
    listing = list_images(sources)
    rows = decoded(listing.folder, listing.names, decoding, listing.problems)
    parts = [predictions_table(model, part) for part in watched(rows, len, "predicted", len(listing.names))]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "id", [f"'{name}" if name.startswith(FORMULA_STARTS) else name for name in listing.names])
    return table


def read_rows(source: Path, schema: Schema) -> NDArray[Any]:
    """Raw rows `[n, *shape]` of a file; raises DataError with every column or value that does not fit."""
    if not source.exists():
        raise DataError(f"{source}: no such file")
    if source.suffix == ".csv":
        features = _read_csv(source, schema)
    elif source.suffix in (".npy", ".npz"):
        features = _read_arrays(source)
    else:
        raise DataError(f"{source}: legal are .csv, .npy, .npz and, for images, folders, {', '.join(FORMATS)}")
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
