"""Brightness, contrast and colour: an image moved towards a duller one or away from it.

Each is `f * x + (1 - f) * dull` with a factor f uniform in [1 - s, 1 + s] for each row (Haeberli and Voorhies, "Image
processing by interpolation and extrapolation", 1994). "Low" and "high" are the least and the largest value of each
channel among the member's training rows; results stay between them, whatever the range of the data.
"""

import torch
from torch import Tensor

from foldproof import randomness

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601


def brightness(rows: Tensor, strength: Tensor, keys: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Towards or away from darkness, the channel's lowest value.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: s in [0, 1], `[P]`.
        keys: `[P, 2]`.
        low: `[P, C, 1, 1]`.
        high: `[P, C, 1, 1]`.
    """
    return _between("brightness", rows, low.unsqueeze(1), strength, keys, low, high)


def contrast(rows: Tensor, strength: Tensor, keys: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Towards or away from the row's own mean of each channel; arguments as those of `brightness`."""
    return _between("contrast", rows, rows.mean((-2, -1), keepdim=True), strength, keys, low, high)


def colour(rows: Tensor, strength: Tensor, keys: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Towards or away from the row's own grey picture, of three channels; arguments as those of `brightness`."""
    red, green, blue = rows.split(1, dim=-3)
    grey = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return _between("colour", rows, grey, strength, keys, low, high)


def _between(
    place: str, rows: Tensor, dull: Tensor, strength: Tensor, keys: Tensor, low: Tensor, high: Tensor
) -> Tensor:
    """A member whose strength is 0 keeps its rows exactly, also what an earlier change took out of the range."""
    draws = randomness.uniform(randomness.at(keys, place), (rows.shape[1], 1, 1, 1), rows.dtype)
    factor = 1 + (2 * draws - 1) * strength.reshape(-1, 1, 1, 1, 1)
    off = (strength == 0).reshape(-1, 1, 1, 1)
    least, most = low.masked_fill(off, -torch.inf), high.masked_fill(off, torch.inf)
    return (rows * factor + dull * (1 - factor)).clamp(least.unsqueeze(1), most.unsqueeze(1))
