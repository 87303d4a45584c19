"""Tables with everything in them that a table may have, and a member's numbers as preprocessing makes them."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from foldproof.config.preprocess import Preprocess
from foldproof.config.split import Split as Section
from foldproof.data.dataset import Dataset, complete
from foldproof.data.schema import Column, Schema, Target
from foldproof.data.splits import Split, make_split
from foldproof.data.statistics import Statistics, fit_statistics

COLOURS, TOWNS = tuple("rgb"), tuple(f"town {place}" for place in range(20))
COLUMNS = (
    Column("income"),
    Column("colour", "category", COLOURS),
    Column("age"),
    Column("member", "boolean"),
    Column("town", "category", TOWNS),
    Column("since", "date"),
    Column("constant"),
)
NUMBERS = [0, 2, 3, 5, 6]
FOLDS = 3


def numbers(rows: int = 300, width: int = 5, seed: int = 0, missing: float = 0.0) -> Dataset:
    """Correlated columns, one with a long tail, of a binary target that two of them tell of."""
    draws = np.random.Generator(np.random.Philox(seed))
    features = draws.normal(size=(rows, width)) @ draws.normal(size=(width, width)) + draws.normal(size=width) * 3
    targets = (features[:, 0] - features[:, 1] > np.median(features[:, 0] - features[:, 1])).astype(np.int64)
    features[:, -1] = np.exp(features[:, -1] / 3)
    features[draws.uniform(size=features.shape) < missing] = np.nan
    columns = tuple(Column(f"x{place}") for place in range(width))
    return _complete(columns, features, targets)


def mixed(rows: int = 240, seed: int = 1) -> Dataset:
    """Numbers, a boolean, a date, two categories; some values missing, some categories unknown."""
    draws = np.random.Generator(np.random.Philox(seed))
    income = np.exp(draws.normal(size=rows))
    colour, town = draws.integers(0, 3, rows), draws.integers(0, 20, rows)
    member, since = draws.integers(0, 2, rows), draws.integers(15000, 20000, rows)
    age = draws.normal(40, 10, rows)
    features = np.stack([income, colour, age, member, town, since, np.full(rows, 7)], axis=1).astype(np.float64)
    features[draws.uniform(size=rows) < 0.2, 2] = np.nan
    features[draws.uniform(size=rows) < 0.1, 1] = np.nan
    features[draws.uniform(size=rows) < 0.1, 4] = -1
    return _complete(COLUMNS, features, (income + (colour == 1) > 1.5).astype(np.int64))


def with_features(dataset: Dataset, features: NDArray[Any]) -> Dataset:
    """The same with other values, some of which may be missing."""
    return _complete(dataset.schema.columns, features, dataset.targets)


def _complete(columns: tuple[Column, ...], features: NDArray[Any], targets: NDArray[np.int64]) -> Dataset:
    lacking = np.isnan(features).any(axis=0).tolist()
    columns = tuple(replace(column, missing=lacks) for column, lacks in zip(columns, lacking, strict=True))
    schema = Schema("made up", "table", (len(columns),), columns, (Target("y", "classification", ("no", "yes")),))
    return complete(Dataset(schema, features.astype(np.float32), targets))


def fitted(dataset: Dataset, **section: Any) -> tuple[Statistics, Split]:
    split = make_split(dataset, Section(folds=FOLDS), 0)
    return fit_statistics(dataset, split, Preprocess.model_validate(section)), split


def seen_by(statistics: Statistics, dataset: Dataset, rows: NDArray[np.int64], member: int) -> NDArray[np.float64]:
    """What the member's network is given for these rows, in float64."""
    raw = torch.from_numpy(np.asarray(dataset.features[rows], dtype=np.float64))[None]
    learnt = {name: torch.from_numpy(value[member : member + 1]) for name, value in statistics.learnt.items()}
    return np.asarray(statistics.preprocessing(raw, learnt)[0].numpy())
