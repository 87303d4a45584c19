"""Changes that move the pixels of an image without turning it: shifts, crops and flips. What lies outside is 0."""

import torch
from torch import Tensor

from foldproof import randomness


def shift(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Move each image by an amount uniform in [-s, s] in both directions.

    Between pixels values are interpolated linearly, so that s may be less than a pixel.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: s in pixels, `[P]`.
        keys: `[P, 2]`.
    """
    moves = moves_of_shift(strength, keys, rows.shape[1])
    return _moved(_moved(rows, moves[..., 0], -2), moves[..., 1], -1)


def moves_of_shift(strength: Tensor, keys: Tensor, count: int) -> Tensor:
    """Of `shift`: how far below and to the right of each pixel its source lies, `[P, B, 2]`."""
    draws = randomness.uniform(randomness.at(keys, "shift"), (count, 2), strength.dtype)
    return (2 * draws - 1) * strength.reshape(-1, 1, 1)


def crop(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Pad by p pixels of 0 on every side and cut out the old size at one of the `(2p + 1)^2` places.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: p in whole pixels, `[P]`.
        keys: `[P, 2]`.
    """
    reach = strength.double().reshape(-1, 1, 1)
    draws = randomness.uniform(randomness.at(keys, "crop"), (rows.shape[1], 2), torch.float64)
    moves = (torch.floor(draws * (2 * reach + 1)) - reach).to(torch.int64)
    return _lines(_lines(rows, _sources(moves[..., 0], rows, -2), -2), _sources(moves[..., 1], rows, -1), -1)


def flip(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Swap left and right of images `[P, B, C, H, W]` with probability `strength` `[P]`."""
    return torch.where(_happens("flip", rows, strength, keys), rows.flip(-1), rows)


def vertical_flip(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Swap top and bottom of images `[P, B, C, H, W]` with probability `strength` `[P]`."""
    return torch.where(_happens("vertical flip", rows, strength, keys), rows.flip(-2), rows)


def _happens(place: str, rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """To which rows, each with probability `strength` `[P]`, as bool `[P, B, 1, 1, 1]`."""
    return randomness.uniform(randomness.at(keys, place), (rows.shape[1], 1, 1, 1)) < strength.reshape(-1, 1, 1, 1, 1)


def _moved(rows: Tensor, move: Tensor, axis: int) -> Tensor:
    """`out[i] = in[i + move]` along an axis of images `[P, B, C, H, W]`, each by its own `move` `[P, B]`."""
    whole = torch.floor(move)
    part = (move - whole).reshape(*move.shape, 1, 1, 1)
    source = _sources(whole.to(torch.int64), rows, axis)
    taken = [_lines(rows, source + more, axis) for more in (0, 1)]
    return taken[0] * (1 - part) + taken[1] * part


def _sources(move: Tensor, rows: Tensor, axis: int) -> Tensor:
    """`i + move` for every line i along an axis, `[P, B, size]`, of whole moves `[P, B]`."""
    return torch.arange(rows.shape[axis], device=rows.device) + move.unsqueeze(-1)


def _lines(rows: Tensor, source: Tensor, axis: int) -> Tensor:
    """The lines `source` `[P, B, size]` along an axis, zero where they lie outside."""
    size = rows.shape[axis]
    shape = [*source.shape[:2], 1, 1, 1]
    shape[axis] = size
    inside = ((source >= 0) & (source < size)).reshape(shape).to(rows.dtype)
    return rows.gather(axis, source.clamp(0, size - 1).reshape(shape).expand(rows.shape)) * inside
