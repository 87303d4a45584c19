"""Changes of an image's geometry as maps of coordinates, so that several of them blur it only once.

A map takes a pixel of the new image to its source in the old one, `source = M @ (x, y, 1)`, in pixels from the middle;
the maps of several changes are multiplied. Between pixels values are interpolated linearly, what lies outside is 0.
"""

import math
from collections.abc import Sequence
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from foldproof import randomness
from foldproof.data.augmentation.moves import moves_of_shift


def shift(strength: Tensor, keys: Tensor, count: int) -> Tensor:
    """What `moves.shift` does as maps `[P, B, 3, 3]`: `source = (x, y) + move`."""
    moves = moves_of_shift(strength, keys, count)
    one, zero = torch.ones_like(moves[..., 0]), torch.zeros_like(moves[..., 0])
    return _map((one, zero, moves[..., 1]), (zero, one, moves[..., 0]))


def rotation(strength: Tensor, keys: Tensor, count: int) -> Tensor:
    """Turn about the middle by an angle uniform in [-a, a], a `[P]` in degrees: maps `[P, B, 3, 3]`."""
    return turning_by(_either_way("rotation", strength, keys, count))


def turning_by(angle: Tensor) -> Tensor:
    """Maps `[P, B, 3, 3]` that turn images to the left by `angle` `[P, B]` in degrees."""
    cosine, sine = torch.cos(angle * (math.pi / 180)), torch.sin(angle * (math.pi / 180))
    zero = torch.zeros_like(angle)
    return _map((cosine, -sine, zero), (sine, cosine, zero))


def scale(strength: Tensor, keys: Tensor, count: int) -> Tensor:
    """Resize about the middle by a factor uniform in [1 - s, 1 + s], s `[P]` in [0, 1): maps `[P, B, 3, 3]`."""
    shrunk = 1 / (1 + _either_way("scale", strength, keys, count))
    zero = torch.zeros_like(shrunk)
    return _map((shrunk, zero, zero), (zero, shrunk, zero))


def shear(strength: Tensor, keys: Tensor, count: int) -> Tensor:
    """Slant upright lines by an angle t uniform in [-a, a], a `[P]` in degrees: `x + y tan t`, maps `[P, B, 3, 3]`."""
    slope = torch.tan(_either_way("shear", strength, keys, count) * (math.pi / 180))
    one, zero = torch.ones_like(slope), torch.zeros_like(slope)
    return _map((one, slope, zero), (zero, one, zero))


def warped(rows: Tensor, maps: Sequence[Tensor]) -> Tensor:
    """Images `[P, B, C, H, W]` after the changes of several maps `[P, B, 3, 3]`, in that order.

    Rows that no map moves come back exactly as they are.
    """
    whole = reduce(torch.matmul, maps)
    images = rows.transpose(0, 1)  # in memory the rows of all members lie side by side
    grid = _sources(whole.transpose(0, 1).flatten(0, 1), *rows.shape[-2:])
    found = F.grid_sample(images.flatten(0, 1), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    resampled: Tensor = found.reshape(images.shape).transpose(0, 1)
    moved = (whole != torch.eye(3, dtype=whole.dtype, device=whole.device)).flatten(2).any(2)
    return torch.where(moved[..., None, None, None], resampled, rows)


def _sources(maps: Tensor, height: int, width: int) -> Tensor:
    """Where maps `[N, 3, 3]` take each pixel, `[N, height, width, 2]`, in torch's units, half of a side."""
    x = torch.arange(width, dtype=maps.dtype, device=maps.device) - (width - 1) / 2
    y = torch.arange(height, dtype=maps.dtype, device=maps.device).unsqueeze(1) - (height - 1) / 2
    across, down = (
        (to[:, 0] * x + (to[:, 1] * y + to[:, 2])) * (2 / side)
        for to, side in zip(maps[:, :2, :, None, None].unbind(1), (width, height), strict=True)
    )
    return torch.stack([across, down], -1)


def _either_way(place: str, strength: Tensor, keys: Tensor, count: int) -> Tensor:
    """Draws uniform in [-s, s] of each member's s `[P]`, `[P, B]`."""
    draws = randomness.uniform(randomness.at(keys, place), (count,), strength.dtype)
    return (2 * draws - 1) * strength.unsqueeze(1)


def _map(to_x: tuple[Tensor, Tensor, Tensor], to_y: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Maps `[P, B, 3, 3]` of the entries `[P, B]` of their first two lines."""
    one, zero = torch.ones_like(to_x[0]), torch.zeros_like(to_x[0])
    return torch.stack([*to_x, *to_y, zero, zero, one], -1).reshape(*one.shape, 3, 3)
