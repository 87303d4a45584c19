"""Rows and keys that the tests of augmentation share."""

from typing import Any, get_args, get_origin

import numpy as np
import torch

from foldproof import randomness
from foldproof.config.augment import Augment
from foldproof.config.customary import Kind
from foldproof.data.augmentation import AUGMENTATIONS, augment, mix
from foldproof.data.dataset import Dataset, complete
from foldproof.data.describing import describe
from foldproof.data.schema import Column, Schema, Target

MEMBERS, BATCH = 3, 12
KEYS = torch.stack([randomness.key_of(0, 0, fold) for fold in range(MEMBERS)])
DRAWS = np.random.Generator(np.random.Philox(0))

Tensors = dict[str, torch.Tensor]


def images(channels: int = 3, height: int = 9, width: int = 7, rows: int = BATCH) -> torch.Tensor:
    """Rows of values in [0, 16], different for each member, pixel and channel."""
    return torch.from_numpy(DRAWS.uniform(0, 16, (MEMBERS, rows, channels, height, width)))


ROWS: dict[Kind, torch.Tensor] = {
    "image": images(),
    "table": torch.from_numpy(DRAWS.normal(5, 3, (MEMBERS, BATCH, 6))),
    "text": torch.from_numpy(DRAWS.integers(-1, 16, (MEMBERS, BATCH, 5, 2)).astype(np.float64)),
}
RANGE = {
    "low": torch.zeros(MEMBERS, 3, 1, 1, dtype=torch.float64),
    "high": torch.full((MEMBERS, 3, 1, 1), 16.0, dtype=torch.float64),
}
MEASURES: dict[Kind, Tensors] = {
    "image": {**RANGE, "mean": torch.full((MEMBERS, 3, 1, 1), 8.0, dtype=torch.float64)},
    "table": {
        name: torch.full((MEMBERS, 6), value, dtype=torch.float64) for name, value in (("mean", 5), ("deviation", 3))
    },
    "text": {"beyond": torch.full((MEMBERS, 2), 16.0, dtype=torch.float64)},
}


def kind_of(name: str) -> Kind:
    return AUGMENTATIONS[name].kinds[0]


def usual(name: str) -> float:
    """A strength that is legal: 2 where it is a whole number, else a half."""
    annotation: Any = Augment.model_fields[name].annotation
    kind = get_args(annotation)[0] if get_origin(annotation) else annotation
    return 2 if kind is int else 0.5


def strength(value: float, *others: float) -> torch.Tensor:
    """The same for every member, or one for each."""
    return torch.tensor((value, *others) if others else (value,) * MEMBERS, dtype=torch.float64)


def changed(
    strengths: Tensors, keys: torch.Tensor = KEYS, kind: Kind = "image", members: slice = slice(None)
) -> torch.Tensor:
    """The rows of a kind with everything done to them."""
    measures = {name: value[members] for name, value in MEASURES[kind].items()}
    rows = augment(ROWS[kind][members], strengths, keys[members], measures)
    return mix(rows, strengths, keys[members])[0]


def dataset_of(kind: Kind, rows: int = 60) -> Dataset:
    """Small data that every augmentation of the kind is legal for."""
    if kind == "text":
        return dataset_of_text(rows)
    shape = (3, 6, 6) if kind == "image" else (5,)
    features = np.random.Generator(np.random.Philox(1)).normal(2, 3, (rows, *shape))
    return describe(f"made {kind}s", features, np.arange(rows) % 2, "classification")


def dataset_of_text(rows: int) -> Dataset:
    """Tokens of two features in windows of three."""
    columns = tuple(Column(name, "category", tuple("abcd")) for name in ("word", "shape"))
    codes = np.random.Generator(np.random.Philox(1)).integers(0, 5, (rows, 3, 2)).astype(np.int32)
    schema = Schema("made text", "text", (3, 2), columns, (Target("tag", "classification", ("x", "y")),))
    return complete(Dataset(schema, codes, np.arange(rows) % 2, groups=np.arange(rows) // 5))
