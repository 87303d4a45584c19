"""Changes that move the pixels of an image without turning it: shifts, crops and flips. What lies outside is 0."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
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
    return _along_both_axes(rows, moves_of_shift(strength, keys, rows.shape[1]), _between_lines)


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
    return _along_both_axes(rows, torch.floor(draws * (2 * reach + 1)) - reach, _whole_lines)


def flip(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Swap left and right of images `[P, B, C, H, W]` with probability `strength` `[P]`."""
    return torch.where(_happens("flip", rows, strength, keys), rows.flip(-1), rows)


def vertical_flip(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Swap top and bottom of images `[P, B, C, H, W]` with probability `strength` `[P]`."""
    return torch.where(_happens("vertical flip", rows, strength, keys), rows.flip(-2), rows)


def _happens(place: str, rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """To which rows, each with probability `strength` `[P]`, as bool `[P, B, 1, 1, 1]`."""
    return randomness.uniform(randomness.at(keys, place), (rows.shape[1], 1, 1, 1)) < strength.reshape(-1, 1, 1, 1, 1)


def _along_both_axes(rows: Tensor, moves: Tensor, moved: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Images `[P, B, C, H, W]` of which pixel (y, x) comes from `(y, x) + moves`, of `[P, B, 2]`.

    Whole lines are taken at once, of the image and then of the image on its side, which is far faster than by pixel.
    """
    images = rows.transpose(0, 1)  # in memory the rows of all members lie side by side
    down, right = moves.transpose(0, 1).flatten(0, 1).unbind(1)
    return moved(moved(images.flatten(0, 1), down).mT, right).mT.reshape(images.shape).transpose(0, 1)


def _between_lines(images: Tensor, move: Tensor) -> Tensor:
    """Line i of each image `[N, C, H, W]` from `i + move` `[N]`, interpolated."""
    whole = torch.floor(move)
    part = (move - whole).reshape(-1, 1, 1, 1)
    lines = _whole_lines(images, whole, images.shape[2] + 1)
    return lines[:, :, :-1] * (1 - part) + lines[:, :, 1:] * part


def _whole_lines(images: Tensor, move: Tensor, count: int | None = None) -> Tensor:
    """The first lines i, or `count` of them, from the whole number `i + move` `[N]`; zero where there is none."""
    number, channels, height, width = images.shape
    lines = F.pad(images, (0, 0, 1, 1))
    first = torch.arange(1, number * channels * (height + 2), height + 2, device=images.device)
    source = torch.arange(count or height, device=images.device) + move.to(torch.int64).reshape(-1, 1, 1)
    taken = first.reshape(number, channels, 1) + source.clamp(-1, height)
    return lines.reshape(-1, width).index_select(0, taken.flatten()).reshape(number, channels, -1, width)
