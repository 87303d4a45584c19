"""The prepared data: raw rows and targets as memory-mapped arrays, and the schema that says what they are."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.array_files import ArrayFiles, digest_of, fingerprint_of
from foldproof.data.reading import Chunk, Reading
from foldproof.data.schema import Schema
from foldproof.errors import DataError
from foldproof.reproducibility import read_json, write_json


@dataclass(frozen=True)
class Dataset:
    """All rows: `features` `[N, *shape]`, `targets` `[N]` or `[N, T]`, and beside them what `Chunk` names, `[N]`."""

    schema: Schema
    features: NDArray[Any]
    targets: NDArray[Any]
    groups: NDArray[np.int64] | None = None
    times: NDArray[np.float64] | None = None
    weights: NDArray[np.float32] | None = None
    ids: NDArray[np.str_] | None = None
    given_test: NDArray[np.bool_] | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Those that are there, by name."""
        named = [one.name for one in fields(self) if one.name != "schema"]
        return {name: value for name in named if (value := getattr(self, name)) is not None}

    def view(self, place: int) -> "Dataset":
        """The same rows as if the target at `place` were the only one: `[N]` int64 classes or float32 numbers."""
        if len(self.schema.targets) == 1:
            return self
        schema, column = self.schema.view(place), self.targets[:, place]
        return replace(self, schema=schema, targets=column.astype(np.int64) if schema.classes else np.array(column))

    def save(self, folder: str | Path) -> None:
        """Write `<name>.npy` of each array and `schema.json`, each whole."""
        prepare(reading_of(self), folder)

    @classmethod
    def load(cls, folder: str | Path) -> "Dataset":
        """Map a prepared folder into memory; rows are read from disk when they are used."""
        place = Path(folder)
        if not (place / "schema.json").exists():
            raise DataError(f"{place}: holds no prepared data; run `dvc repro prepare`, or `dvc checkout`")
        schema = Schema.from_dict(read_json(place / "schema.json"), str(place / "schema.json"))
        arrays = {
            one.name: np.load(path, mmap_mode="c", allow_pickle=False)
            for one in fields(cls)
            if (path := place / f"{one.name}.npy").exists()
        }
        return cls(schema, **arrays)


def prepare(reading: Reading, folder: str | Path) -> Schema:
    """Write what a source hands over as a prepared folder, chunk by chunk; its schema, complete."""
    place = Path(folder)
    with ArrayFiles(place) as files:
        for chunk in reading.chunks():
            files.append(chunk.arrays())
        schema = replace(reading.schema, rows=files.rows, fingerprint="")
        schema = replace(schema, fingerprint=fingerprint_of(schema.to_dict(), files.digests()))
        files.close_whole()
    write_json(place / "schema.json", schema.to_dict())
    return schema


def reading_of(dataset: Dataset) -> Reading:
    """Rows in memory, handed over as one chunk."""
    return Reading(dataset.schema, lambda: iter([Chunk(**dataset.arrays())]), len(dataset.features))


def collect(reading: Reading) -> Dataset:
    """What a source hands over, in memory."""
    chunks = [chunk.arrays() for chunk in reading.chunks()]
    arrays = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    return complete(Dataset(reading.schema, **arrays))


def complete(dataset: Dataset) -> Dataset:
    """The same with the number of its rows and its fingerprint."""
    schema = replace(dataset.schema, rows=len(dataset.features), fingerprint="")
    digests = {name: digest_of(array) for name, array in dataset.arrays().items()}
    return replace(dataset, schema=replace(schema, fingerprint=fingerprint_of(schema.to_dict(), digests)))
