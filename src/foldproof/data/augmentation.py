"""Random changes of training rows, on the device, per member and row, counter-based.

A table `name -> Augmentation`; each is a pure function of raw rows `[P, B, *shape]`, a strength `[P]` and keys `[P, 2]`
(a member's key of this step), applied before the rows are normalised, to training rows alone. Strength 0 is off.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof import randomness
from foldproof.config.data import Augment
from foldproof.data.dataset import Kind, Schema
from foldproof.errors import ConfigError


@dataclass(frozen=True)
class Augmentation:
    """One kind of change and the kinds of rows that it is made for."""

    apply: Callable[[Tensor, Tensor, Tensor], Tensor]
    kinds: tuple[Kind, ...]


def shift(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Move each image by whole pixels, uniform in [-s, s] in both directions; what comes in from outside is 0.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: s in pixels, `[P]`, whole numbers.
        keys: `[P, 2]`.
    """
    members, batch, channels, height, width = rows.shape
    reach = strength.to(torch.int64).reshape(-1, 1, 1)
    moves = randomness.below(randomness.at(keys, "shift"), (batch, 2), 2 * reach + 1) - reach
    down = torch.arange(height, device=rows.device) + moves[..., 0:1]
    right = torch.arange(width, device=rows.device) + moves[..., 1:2]
    inside = ((down >= 0) & (down < height)).unsqueeze(-1) & ((right >= 0) & (right < width)).unsqueeze(-2)
    source = down.clamp(0, height - 1).unsqueeze(-1) * width + right.clamp(0, width - 1).unsqueeze(-2)
    source = source.reshape(members, batch, 1, -1).expand(-1, -1, channels, -1)
    moved = rows.reshape(members, batch, channels, -1).gather(-1, source).reshape(rows.shape)
    return moved * inside.unsqueeze(2).to(rows.dtype)


def noise(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Add Gaussian noise of standard deviation `strength` `[P]`, in the units of the raw rows."""
    draws = randomness.normal(randomness.at(keys, "noise"), tuple(rows.shape[1:]), rows.dtype)
    return rows + draws * strength.reshape(-1, *(1,) * (rows.dim() - 1))


AUGMENTATIONS: dict[str, Augmentation] = {
    "shift": Augmentation(shift, ("image",)),
    "noise": Augmentation(noise, ("image", "table")),
}


def strengths(section: Augment, schema: Schema) -> dict[str, float]:
    """The augmentations that are on, with their strengths; raises ConfigError where one does not fit the rows."""
    chosen = {name: float(value) for name, value in section if value}
    problems = [
        f"augment.{name}: found {value:g}, legal: 0 for a {schema.kind} (it is made for "
        f"{' and '.join(AUGMENTATIONS[name].kinds)} rows)"
        for name, value in chosen.items()
        if schema.kind not in AUGMENTATIONS[name].kinds
    ]
    if problems:
        raise ConfigError(*problems)
    return chosen


def augment(rows: Tensor, strength: dict[str, Tensor], keys: Tensor) -> Tensor:
    """Apply each augmentation named in `strength`, whose values are `[P]`, in the table's order."""
    for name, row in AUGMENTATIONS.items():
        if name in strength:
            rows = row.apply(rows, strength[name], keys)
    return rows
