"""What preprocessing learns, per member and from its training rows alone.

Everything is stacked over members, `[M, ...]`, and applied batch by batch to the one shared copy of the raw rows; a
model is exported with it, so serving cannot differ from training.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.preprocess import Preprocess
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import Preprocessing, preprocessing_of
from foldproof.data.splits import Role, Rows, Split, hash_of_rows
from foldproof.data.text.vocabulary import vocabularies
from foldproof.data.transforms import TRANSFORMS
from foldproof.data.transforms.categories import fit_codes, fit_one_hot, seen
from foldproof.data.transforms.scaling import standard
from foldproof.data.transforms.stream import Floats, Grain, Stream, TrainingRows
from foldproof.data.transforms.target import TARGET_SCALERS
from foldproof.reproducibility import read_json, write_json, write_whole


@dataclass(frozen=True)
class Statistics:
    """What `preprocessing` learnt, stacked float64 arrays `[M, ...]` by name.

    `center` and `scale` are `[M, *shape]`, `target_center` and `target_scale` `[M]`, or
    `[M, T]` of several targets; of text `known.<column>` `[M, V]`
    is 1 for the values that occur in the training rows.
    """

    preprocessing: Preprocessing
    learnt: dict[str, Floats]
    seen: tuple[str, ...] = ()  # for each member the hash of the row ids that its fit was given


def fit_statistics(dataset: Dataset, split: Split, section: Preprocess) -> Statistics:
    """Fit every member's statistics on its training rows; inner-validation, scored and test rows are not looked at."""
    found = preprocessing_of(section, dataset.schema)
    members = range(len(split.members))
    fitted = [fit_rows(dataset, split.rows(index, Role.TRAINING), section, found) for index in members]
    learnt = {name: np.stack([one[name] for one, _ in fitted]) for name in fitted[0][0]}
    return Statistics(found, learnt, tuple(seen for _, seen in fitted))


def fit_rows(
    dataset: Dataset, rows: Rows, section: Preprocess, preprocessing: Preprocessing
) -> tuple[dict[str, Floats], str]:
    """What is learnt from these rows, by name, and the rows' hash."""
    learnt: dict[str, Floats] = {}
    for place, name in enumerate(preprocessing.steps):
        view = partial(_viewed, preprocessing=preprocessing, learnt=dict(learnt), steps=place)
        training = TrainingRows(dataset.features, rows, _shape_of_numbers(dataset, preprocessing), view)
        learnt |= TRANSFORMS[name].fit(training, section)
    learnt |= _beside(dataset, rows, preprocessing) | _words(dataset, rows, section) | _target(dataset, rows, section)
    return learnt, hash_of_rows(rows)


def moments(dataset: Dataset, rows: Rows, grain: Grain) -> tuple[Floats, Floats]:
    """Mean and standard deviation `[*shape]` of raw values, those that are missing left out."""
    raw = TrainingRows(dataset.features, rows, dataset.schema.shape, lambda chunk: chunk)
    mean, deviation = standard(raw.table(grain))
    return raw.spread(mean, grain), raw.spread(deviation, grain)


def save_statistics(statistics: Statistics, split: Split, folder: str | Path) -> None:
    """Write `statistics.safetensors` and `manifest.json`, which holds the hash of the row ids each member's saw."""
    from safetensors.numpy import save

    write_whole(Path(folder) / "statistics.safetensors", save(statistics.learnt))
    write_json(Path(folder) / "manifest.json", manifest_of(statistics, split))


def manifest_of(statistics: Statistics, split: Split) -> dict[str, Any]:
    """For each member the hash of the row ids that its statistics were fitted on, as the fit itself noted it."""
    seen = {member.name: hashed for member, hashed in zip(split.members, statistics.seen, strict=True)}
    return {
        "schema": 1,
        "fitted_on": "training rows",
        "members": list(seen),
        "rows_sha256": seen,
        "preprocessing": statistics.preprocessing.to_dict(),
    }


def load_statistics(folder: str | Path) -> Statistics:
    """Read what `save_statistics` wrote."""
    from safetensors.numpy import load_file

    manifest = read_json(Path(folder) / "manifest.json")
    learnt = load_file(Path(folder) / "statistics.safetensors")
    hashes = tuple(manifest["rows_sha256"][name] for name in manifest["members"])
    return Statistics(Preprocessing.from_dict(manifest["preprocessing"]), learnt, hashes)


def _shape_of_numbers(dataset: Dataset, preprocessing: Preprocessing) -> tuple[int, ...]:
    columns = preprocessing.columns
    return dataset.features.shape[1:] if columns is None else (len(columns.numbers),)


def _viewed(chunk: Floats, preprocessing: Preprocessing, learnt: dict[str, Floats], steps: int) -> Floats:
    """The numbers of raw rows `[n, *shape]` after the first transforms; torch is loaded where there are some."""
    numbers = chunk if preprocessing.columns is None else chunk[:, preprocessing.columns.numbers]
    if steps == 0:
        return numbers
    import torch

    one = {name: torch.from_numpy(value[None]) for name, value in learnt.items()}
    return np.asarray(preprocessing.transformed(torch.from_numpy(numbers)[None], one, steps)[0].numpy())


def _beside(dataset: Dataset, rows: Rows, preprocessing: Preprocessing) -> dict[str, Floats]:
    """What stands beside the numbers of a table: indicators of columns that miss some, known categories."""
    columns, learnt = preprocessing.columns, dict[str, Floats]()
    if columns is None:
        return learnt
    if columns.indicators:
        missing = [np.isnan(dataset.features[rows, column]).any() for column in columns.indicators]
        learnt["indicator"] = np.array(missing, dtype=np.float64)
    if columns.one_hot:
        learnt["one_hot"] = fit_one_hot(seen(dataset.features, rows, columns.one_hot))
    if columns.coded:
        learnt["codes"] = fit_codes(seen(dataset.features, rows, columns.coded))
    return learnt


def _target(dataset: Dataset, rows: Rows, section: Preprocess) -> dict[str, Floats]:
    """`target_center` and `target_scale` of the target `[]`, or of several `[T]`; of classes 0 and 1."""
    shape = dataset.targets.shape[1:]
    numbers = np.array([target.task == "regression" for target in dataset.schema.targets])
    values: NDArray[np.float64] = np.asarray(dataset.targets[rows], dtype=np.float64).reshape(len(rows), -1)
    center, scale = np.zeros(len(numbers)), np.ones(len(numbers))
    if numbers.any():
        center[numbers], scale[numbers] = TARGET_SCALERS[section.target](Stream.of(values[:, numbers]))
    return {"target_center": center.reshape(shape), "target_scale": scale.reshape(shape)}


def _words(dataset: Dataset, rows: Rows, section: Preprocess) -> dict[str, Floats]:
    """Which words, and other features of tokens, these rows hold; nothing of other kinds of data."""
    schema = dataset.schema
    return vocabularies(dataset.features[rows], schema.columns, section.minimum_count) if schema.kind == "text" else {}
