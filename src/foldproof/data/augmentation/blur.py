"""Gaussian blur of images."""

import torch
from torch import Tensor

from foldproof import randomness


def blur(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Blur each image by a Gaussian whose standard deviation is uniform in [0, s].

    Each new pixel is a mean of the old ones, weighted by `exp(-distance^2 / (2 sd^2))`; there are none outside, so that
    the weights of those inside add up to 1 and values stay in their range. One matrix an axis takes the mean, which
    costs `H + W` products a pixel, whatever the deviation: up to some hundred pixels a side less than a sliding window.

    Args:
        rows: images `[P, B, C, H, W]`.
        strength: s in pixels, `[P]`.
        keys: `[P, 2]`.
    """
    draws = randomness.uniform(randomness.at(keys, "blur"), (rows.shape[1],), rows.dtype)
    deviation = draws * strength.unsqueeze(1)
    height, width = rows.shape[-2:]
    weights = {size: _weights(deviation, size) for size in (height, width)}
    return weights[height] @ rows @ weights[width].mT


def _weights(deviation: Tensor, size: int) -> Tensor:
    """`[P, B, 1, size, size]`: the share of each old line in each new one; without a deviation exactly its own."""
    line = torch.arange(size, device=deviation.device)
    falling = torch.exp(line.square() / (-2 * deviation.clamp(min=1e-3).square()).unsqueeze(-1))
    weights = falling[..., (line - line.unsqueeze(1)).abs()]
    return (weights / weights.sum(-1, keepdim=True)).unsqueeze(2)
