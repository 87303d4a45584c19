"""The table of augmentations, `name -> Augmentation`, and how those that are on are applied.

There are three kinds: warps, of which several make one resampling; other changes of a row by itself; and mixings of two
rows, which mix the targets too. All are made on the device, on raw rows `[P, B, *shape]` of training alone, before
those are normalised, and are pure functions of the rows, each member's strength `[P]` and its key `[P, 2]` of the step.
Strength 0 is off and leaves a member's rows exactly as they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof.config.augment import Augment
from foldproof.config.closed import BatchSize
from foldproof.config.customary import Kind
from foldproof.data.augmentation import blur, boxes, colour, mixing, moves, noise, warps, words
from foldproof.data.augmentation.measures import measure
from foldproof.data.augmentation.mixing import Mix
from foldproof.data.dataset import Dataset
from foldproof.data.schema import Schema
from foldproof.data.splits import Rows
from foldproof.data.transforms.stream import Floats
from foldproof.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What rows it is made for, and which `measures` of a member's training rows it must know."""

    kinds: tuple[Kind, ...]
    channels: int | None = None  # of images; None: any
    in_pixels: bool = False  # its strength, which then is at most an image's shorter side
    measures: tuple[str, ...] = ()
    numbers_alone: bool = False  # whether there may be no categories


@dataclass(frozen=True, kw_only=True)
class Warp(Augmentation):
    """`map(strength, keys, B)` gives maps of coordinates `[P, B, 3, 3]`; `alone` is what to do where no other is on."""

    map: Callable[[Tensor, Tensor, int], Tensor]
    alone: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None  # None: as the map says


@dataclass(frozen=True, kw_only=True)
class Change(Augmentation):
    """`apply(rows, strength, keys, *measures)` gives the changed rows."""

    apply: Callable[..., Tensor]


@dataclass(frozen=True, kw_only=True)
class Mixing(Augmentation):
    """`own(rows, strength, keys)` gives the share of itself in each element of a mixed row, to broadcast to `rows`."""

    own: Callable[[Tensor, Tensor, Tensor], Tensor]


IMAGES: tuple[Kind, ...] = ("image",)
TABLES: tuple[Kind, ...] = ("table",)
TEXT: tuple[Kind, ...] = ("text",)
RANGE = ("low", "high")

WARPS: dict[str, Warp] = {
    "shift": Warp(map=warps.shift, alone=moves.shift, kinds=IMAGES, in_pixels=True),
    "rotation": Warp(map=warps.rotation, kinds=IMAGES),
    "scale": Warp(map=warps.scale, kinds=IMAGES),
    "shear": Warp(map=warps.shear, kinds=IMAGES),
}
CHANGES: dict[str, Change] = {
    "crop": Change(apply=moves.crop, kinds=IMAGES, in_pixels=True),
    "flip": Change(apply=moves.flip, kinds=IMAGES),
    "vertical_flip": Change(apply=moves.vertical_flip, kinds=IMAGES),
    "brightness": Change(apply=colour.brightness, kinds=IMAGES, measures=RANGE),
    "contrast": Change(apply=colour.contrast, kinds=IMAGES, measures=RANGE),
    "colour": Change(apply=colour.colour, kinds=IMAGES, measures=RANGE, channels=3),
    "blur": Change(apply=blur.blur, kinds=IMAGES, in_pixels=True),
    "noise": Change(apply=noise.noise, kinds=IMAGES + TABLES, numbers_alone=True),
    "cutout": Change(apply=boxes.cutout, kinds=IMAGES, in_pixels=True, measures=("mean",)),
    "feature_noise": Change(apply=noise.feature_noise, kinds=TABLES, measures=("deviation",)),
    "feature_dropout": Change(apply=noise.feature_dropout, kinds=TABLES, measures=("mean",)),
    "word_dropout": Change(apply=words.word_dropout, kinds=TEXT, measures=("beyond",)),
}
MIXINGS: dict[str, Mixing] = {
    "mixup": Mixing(own=mixing.mixup, kinds=IMAGES + TABLES, numbers_alone=True),
    "cutmix": Mixing(own=mixing.cutmix, kinds=IMAGES),
}
AUGMENTATIONS: dict[str, Augmentation] = {**WARPS, **CHANGES, **MIXINGS}


def strengths(section: Augment, schema: Schema) -> dict[str, float]:
    """The augmentations that are on, with their strengths; raises ConfigError where some do not fit the rows."""
    chosen = {name: float(value) for name, value in section if value}
    refused = {name: _legal(AUGMENTATIONS[name], value, schema) for name, value in chosen.items()}
    problems = [f"augment.{name}: found {chosen[name]:g}, legal: {legal}" for name, legal in refused.items() if legal]
    if problems:
        raise ConfigError(*problems)
    return chosen


def refuse_mixing_of_single_rows(chosen: Mapping[str, float], batch_size: BatchSize) -> None:
    """Raise ConfigError where rows are to be mixed with others and there is none in their batch; 0 mixes nothing."""
    if batch_size == 1:
        problems = [
            f"augment.{name}: found {chosen[name]:g}, legal with train.batch_size 1: 0"
            for name in MIXINGS
            if chosen.get(name)
        ]
        if problems:
            raise ConfigError(*problems)


def measured(chosen: Iterable[str], dataset: Dataset, rows: Sequence[Rows]) -> dict[str, Floats]:
    """What the chosen augmentations must know of each member's training `rows`, `[P, C, 1, 1]` or `[P, F]` by name."""
    return measure(dataset, rows, sorted({name for one in chosen for name in AUGMENTATIONS[one].measures}))


def augment(rows: Tensor, strength: Mapping[str, Tensor], keys: Tensor, measures: Mapping[str, Tensor]) -> Tensor:
    """Change each row by itself, in the table's order; mixed precision is for networks and not for what they are shown.

    Args:
        rows: raw `[P, B, *shape]`.
        strength: of those that are on, `[P]` each.
        keys: `[P, 2]`.
        measures: at least what `measured` gives for these, of the same members.
    """
    if not strength:
        return rows
    with torch.autocast(rows.device.type, enabled=False):
        rows = _warped(rows, {name: strength[name] for name in WARPS if name in strength}, keys)
        for name, change in CHANGES.items():
            if name in strength:
                rows = change.apply(rows, strength[name], keys, *(measures[need] for need in change.measures))
    return rows


def mix(rows: Tensor, strength: Mapping[str, Tensor], keys: Tensor) -> tuple[Tensor, Mix | None]:
    """Mix rows `[P, B, *shape]` with others of their batch, and say how; None where no mixing is on."""
    chosen = [name for name in MIXINGS if name in strength]
    if not chosen:
        return rows, None
    own = [MIXINGS[name].own(rows, strength[name], keys) for name in chosen]
    return mixing.mixed(rows, own, torch.stack([strength[name] > 0 for name in chosen], 1), keys)


def _warped(rows: Tensor, strength: Mapping[str, Tensor], keys: Tensor) -> Tensor:
    """One warp in its own way if it has one, several as one resampling."""
    match list(strength.items()):
        case []:
            return rows
        case [(name, value)] if (alone := WARPS[name].alone) is not None:
            return alone(rows, value, keys)
    return warps.warped(rows, [WARPS[name].map(value, keys, rows.shape[1]) for name, value in strength.items()])


def _legal(row: Augmentation, value: float, schema: Schema) -> str:
    """What would be legal instead; empty where the value is."""
    if schema.kind not in row.kinds:
        return f"0 for {schema.kind} rows (it is made for {' and '.join(row.kinds)} rows)"
    if row.numbers_alone and any(column.kind == "category" for column in schema.columns):
        return "0 for tables with categories, which are no numbers"
    if row.channels not in (None, schema.shape[0]):
        return f"0 for images with {schema.shape[0]} channel(s) (it is made for {row.channels})"
    if row.in_pixels and value > min(schema.shape[1:]):
        return f"at most {min(schema.shape[1:])}, the pixels of the images' shorter side"
    return ""
