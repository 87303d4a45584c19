"""Boxes in images: covered by nothing (cutout) or by another row (cutmix)."""

import torch
from torch import Tensor

from foldproof import randomness


def cutout(rows: Tensor, strength: Tensor, keys: Tensor, mean: Tensor) -> Tensor:
    """Cover a square about any pixel with the channel's mean, which a network that centres its inputs takes for 0.

    T. DeVries and G. Taylor, "Improved regularization of convolutional neural networks with cutout", 2017.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: side of the square in whole pixels, `[P]`; it may reach over the edge.
        keys: `[P, 2]`.
        mean: of each channel among the member's training rows, `[P, C, 1, 1]`.
    """
    side = strength.unsqueeze(1).expand(-1, rows.shape[1])
    return torch.where(boxes("cutout", rows, side, side, keys), mean.unsqueeze(1), rows)


def boxes(place: str, rows: Tensor, tall: Tensor, wide: Tensor, keys: Tensor) -> Tensor:
    """Pixels in a box about a pixel that is drawn, cut off at the edge, as bool `[P, B, 1, H, W]`.

    Args:
        place: what the boxes are drawn for.
        rows: images `[P, B, C, H, W]`.
        tall: height of each box in whole pixels, `[P, B]`.
        wide: width of each box in whole pixels, `[P, B]`.
        keys: `[P, 2]`.
    """
    draws = randomness.uniform(randomness.at(keys, place), (rows.shape[1], 2), torch.float64)
    down, across = (_inside(draws[..., axis], length, rows.shape[axis - 2]) for axis, length in enumerate((tall, wide)))
    return (down.unsqueeze(-1) & across.unsqueeze(-2)).unsqueeze(2)


def _inside(draw: Tensor, length: Tensor, size: int) -> Tensor:
    """Whether each of `size` lines is among the `length` `[P, B]` about one of them, `[P, B, size]`."""
    first = torch.floor(draw * size) - torch.floor(length.double() / 2)
    line = torch.arange(size, dtype=torch.float64, device=draw.device)
    return (line >= first.unsqueeze(-1)) & (line < (first + length).unsqueeze(-1))
