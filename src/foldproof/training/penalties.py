"""Penalties on large weights, added to a member's loss: a table `name -> measure of the weights`.

With rates `[P]`, a member's loss grows by `sum of rate * measure`: `l1 * sum |w| + l2/2 * sum w^2`, both together the
elastic net (Zou & Hastie 2005). Biases and normalisations are not counted.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def absolute(weights: Tensor) -> Tensor:
    """`sum |w|` `[P]` of weights `[P, N]`: its gradient is as large for small weights, so they go to 0."""
    return weights.abs().sum(1)


def half_square(weights: Tensor) -> Tensor:
    """`1/2 sum w^2` `[P]` of weights `[P, N]`, so that the gradient is `w`."""
    return 0.5 * weights.square().sum(1)


PENALTIES: dict[str, Callable[[Tensor], Tensor]] = {"l1": absolute, "l2": half_square}


def penalty(matrix: Tensor, counted: Tensor, rates: Mapping[str, Tensor]) -> Tensor:
    """What the penalties in `rates` (name to `[P]`) add to each member's loss, `[P]`.

    Of the elements of the matrix `[P, N]` those count where `counted` `[N]` is 1.
    """
    weights = matrix * counted
    return torch.stack([rate * PENALTIES[name](weights) for name, rate in rates.items()]).sum(0)
