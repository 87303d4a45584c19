"""Noise: values of a row that are changed or lost one by one."""

import torch
from torch import Tensor

from foldproof import randomness


def noise(rows: Tensor, strength: Tensor, keys: Tensor) -> Tensor:
    """Add Gaussian noise of standard deviation `strength` `[P]`, in the units of the raw rows."""
    draws = randomness.normal(randomness.at(keys, "noise"), tuple(rows.shape[1:]), rows.dtype)
    return rows + draws * strength.reshape(-1, *(1,) * (rows.dim() - 1))


def feature_noise(rows: Tensor, strength: Tensor, keys: Tensor, deviation: Tensor) -> Tensor:
    """Add Gaussian noise to each column of tables, in units of how much it varies.

    Args:
        rows: `[P, B, F]`.
        strength: standard deviation of the noise over that of the column, `[P]`.
        keys: `[P, 2]`.
        deviation: standard deviation of each column among the member's training rows, 0 of categories, `[P, F]`.
    """
    draws = randomness.normal(randomness.at(keys, "feature noise"), tuple(rows.shape[1:]), rows.dtype)
    return rows + draws * (strength.unsqueeze(1) * deviation).unsqueeze(1)


def feature_dropout(rows: Tensor, strength: Tensor, keys: Tensor, mean: Tensor) -> Tensor:
    """Replace each value of tables by its column's mean with probability `strength`: nothing is known of it then.

    The other values stay as they are, since the mean adds nothing to a unit whose input is centred.

    Args:
        rows: `[P, B, F]`.
        strength: share of values, in [0, 1), `[P]`.
        keys: `[P, 2]`.
        mean: of each column among the member's training rows, -1 (unknown) of categories, `[P, F]`.
    """
    kept = randomness.at_least(randomness.at(keys, "feature dropout"), tuple(rows.shape[1:]), strength)
    return torch.where(kept, rows, mean.unsqueeze(1))
