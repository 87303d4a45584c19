"""`foldproof predict`: raw rows or images in files, predictions out, preprocessing included."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.encoding import encode, texts_of
from foldproof.data.progress import watched
from foldproof.data.schema import Schema
from foldproof.data.sources.image_files import FORMATS
from foldproof.data.sources.image_listing import list_images
from foldproof.data.sources.image_rows import decoded
from foldproof.data.sources.table_file import TableFile
from foldproof.data.sources.table_files import TABLE_FILES
from foldproof.data.text.serving import in_columns, read_sentences, rows_of
from foldproof.data.usable import require_usable
from foldproof.errors import DataError
from foldproof.evaluation.tables import neutral, with_ids
from foldproof.model.exported import ExportedModel
from foldproof.model.served import predictions_table, rows_of_shape
from foldproof.reproducibility import write_whole

if TYPE_CHECKING:
    import pandas as pd


ARRAYS = (".npy", ".npz")


@dataclass(frozen=True)
class Given:
    """Raw rows `[n, *shape]` of a file, what they are called, `[n]`, and what a person should know of them."""

    features: NDArray[Any]
    ids: NDArray[Any] | None = None
    told: str = ""


def predict_files(
    sources: Sequence[Path], target: Path, folder: Path, delimiter: str | None = None, decimal: str = "."
) -> str:
    """Predict the rows of a file, or images, with the model in `folder` and write `target`; says what was written.

    `delimiter` stands between the cells of a text file (None: a comma, in .tsv a tab), `decimal` before fractions.
    """
    _refuse_target(sources, target)
    model = ExportedModel.load(folder)
    if model.schema.kind == "text" and len(sources) == 1:
        return _tag_file(sources[0], target, model)
    if target.suffix.lower() != ".csv":
        raise DataError(f"{target}: found as the file to write, legal: a name that ends in .csv")
    told = ""
    if any(source.is_dir() or source.suffix.lower() in FORMATS for source in sources):
        table = predict_images(model, sources)
    elif len(sources) > 1:
        raise DataError(f"{', '.join(map(str, sources))}: several files to read; legal for images alone")
    else:
        given = read_rows(sources[0], model.schema, delimiter, decimal)
        table, told = predictions_table(model.schema, model.predict(given.features)), given.told
        if given.ids is not None:
            table = with_ids(table, model.schema, given.ids.tolist())
    for place, wanted in enumerate(model.schema.targets):
        if wanted.classes:
            column, *_ = model.schema.served(place)
            table[column] = [neutral(name) for name in table[column]]
    write_whole(target, table.to_csv(index=False, lineterminator="\n"))
    written = f"{target}: {len(table)} predictions, the mean of {len(model.members)} networks"
    return f"{written}\n{told}" if told else written


def _refuse_target(sources: Sequence[Path], target: Path) -> None:
    """Raise DataError where writing would overwrite what is read, or make a folder that nobody asked for."""
    if any(target.resolve() == source.resolve() for source in sources):
        raise DataError(f"{target}: found as the file to write and to read, legal: another name")
    if not target.parent.is_dir():
        raise DataError(f"{target}: there is no folder {target.parent}, legal: a file in one that is there")


def _tag_file(source: Path, target: Path, model: ExportedModel) -> str:
    """Tag the tokens of `source`: as a table where `target` ends in .csv, else in columns again."""
    if source.suffix.lower() in (".csv", *ARRAYS):
        raise DataError(f"{source}: the model takes text, legal: tokens in columns, a token a line")
    sentences = read_sentences(source, model.schema.layout)
    table = predictions_table(model.schema, model.predict(rows_of(sentences, model.schema)))
    if target.suffix.lower() == ".csv":
        table.insert(0, "sentence", np.repeat(np.arange(len(sentences)), list(map(len, sentences))))
        table.insert(1, "token", [neutral(token) for sentence in sentences for token in sentence])
        content = table.to_csv(index=False, lineterminator="\n")
    else:
        tags = [table[name].tolist() for name in table if str(name).partition("_")[0] == "prediction"]
        content = in_columns(sentences, tags)
    write_whole(target, content)
    return f"{target}: {len(table)} tokens in {len(sentences)} sentences, the mean of {len(model.members)} networks"


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
    parts = [
        predictions_table(model.schema, model.predict(part))
        for part in watched(rows, len, "predicted", len(listing.names))
    ]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "id", [neutral(name) for name in listing.names])
    return table


def read_rows(source: Path, schema: Schema, delimiter: str | None = None, decimal: str = ".") -> Given:
    """The rows of a file; raises DataError with every column or value that does not fit."""
    if not source.exists():
        raise DataError(f"{source}: no such file")
    ending = source.suffix.lower()
    if ending in ARRAYS:
        given = _read_arrays(source)
    elif opened := TABLE_FILES.get(ending.removeprefix(".")):
        given = _read_table(opened(source, delimiter, decimal), schema)
    else:
        legal = ", ".join((*(f".{name}" for name in TABLE_FILES), *ARRAYS))
        raise DataError(f"{source}: legal are {legal} and, for images, folders, {', '.join(FORMATS)}")
    features = rows_of_shape(schema, given.features, str(source))
    if len(features) == 0:
        raise DataError(f"{source}: no rows")
    require_usable(features, schema, str(source))
    return Given(features, given.ids, given.told)


def _read_arrays(source: Path) -> Given:
    try:
        with source.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            features = np.asarray(loaded["features"] if source.suffix.lower() == ".npz" else loaded)
    except (ValueError, EOFError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{source}: not a readable array of features: {error}") from None
    if not np.issubdtype(features.dtype, np.number):
        raise DataError(f"{source}: holds {features.dtype}, legal: numbers")
    return Given(features)


def _read_table(file: TableFile, schema: Schema) -> Given:
    """Columns are taken by name; the one that names the rows may be absent."""
    import pyarrow as pa

    if schema.kind != "table":
        images = f", or images ({', '.join(FORMATS)}) and folders of them" if schema.decoding else ""
        raise DataError(f"{file.path}: the model takes {schema.kind} rows, legal: {' or '.join(ARRAYS)}{images}")
    wanted = [name for name in file.names if name in (*schema.features, schema.id)]
    batches = list(file.batches(wanted)) if wanted else []
    cells = {name: pa.concat_arrays([batch.column(name) for batch in batches]) for name in wanted if batches}
    features = {name: cells[name] for name in schema.features if name in cells}
    others = [name for name in file.names if name not in cells]
    encoded = encode(features, schema.columns, str(file.path), others)
    ids = np.array(texts_of(cells[schema.id], ("",)).fill_null("").to_pylist()) if schema.id in cells else None
    return Given(encoded.rows, ids, encoded.told())
