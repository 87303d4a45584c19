"""Random changes of training rows, on the device, per member and row, counter-based.

A table `name -> Augmentation`; each is a pure function of raw rows `[P, B, *shape]`, a strength `[P]` and keys `[P, 2]`
(a member's key of this step), applied before the rows are normalised, to training rows alone. Strength 0 is off.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof import randomness
from foldproof.config.augment import Augment
from foldproof.data.dataset import Kind, Schema
from foldproof.errors import ConfigError


@dataclass(frozen=True)
class Augmentation:
    """One kind of change and the kinds of rows that it is made for."""

    apply: Callable[[Tensor, Tensor, Tensor], Tensor]
    kinds: tuple[Kind, ...]


def shift(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Move each image by an amount uniform in [-s, s] in both directions; what comes in from outside is 0.

    Between pixels values are interpolated linearly, so that s may be less than a pixel.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: s in pixels, `[P]`.
        keys: `[P, 2]`.
    """
    draws = randomness.uniform(randomness.at(keys, "shift"), (rows.shape[1], 2), rows.dtype)
    moves = (2 * draws - 1) * strength.reshape(-1, 1, 1)
    return _moved(_moved(rows, moves[..., 0], -2), moves[..., 1], -1)


def _moved(rows: Tensor, move: Tensor, axis: int) -> Tensor:
    """`out[i] = in[i + move]` along an axis of images `[P, B, C, H, W]`, each by its own `move` `[P, B]`."""
    size = rows.shape[axis]
    whole = torch.floor(move)
    part = (move - whole).reshape(*move.shape, 1, 1, 1)
    source = torch.arange(size, device=rows.device) + whole.to(torch.int64).unsqueeze(-1)
    taken = [_taken(rows, source + more, axis) for more in (0, 1)]
    return taken[0] * (1 - part) + taken[1] * part


def _taken(rows: Tensor, source: Tensor, axis: int) -> Tensor:
    """The lines `source` `[P, B, size]` along an axis, zero where they lie outside."""
    size = rows.shape[axis]
    shape = [*source.shape[:2], 1, 1, 1]
    shape[axis] = size
    inside = ((source >= 0) & (source < size)).reshape(shape).to(rows.dtype)
    return rows.gather(axis, source.clamp(0, size - 1).reshape(shape).expand(rows.shape)) * inside


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
