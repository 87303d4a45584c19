"""Limits on a member's gradient and on its weights; each member is held to its own, in place."""

from collections.abc import Iterable

import torch
from torch import Tensor

from foldproof.training.elements import Block


def clip_values(gradient: Tensor, largest: Tensor) -> None:
    """Cut every element of the gradient `[P, N]` to `[-largest, largest]`, largest `[P]`."""
    limit = largest.unsqueeze(1)
    torch.clamp(gradient, -limit, limit, out=gradient)


def clip_norms(gradient: Tensor, largest: Tensor) -> None:
    """Scale each member's gradient, a row of `[P, N]`, to a norm of at most `largest` `[P]` (Pascanu et al. 2013)."""
    gradient.mul_(clip_factors(gradient, largest))


def clip_factors(gradient: Tensor, largest: Tensor) -> Tensor:
    """`min(1, largest / (norm + 1e-6))` of each member's own gradient, `[P, 1]`, as torch's clip_grad_norm_ has it."""
    norms = torch.linalg.vector_norm(gradient, dim=1)
    factors: Tensor = (largest / (norms + 1e-6)).clamp(max=1.0)
    return factors.unsqueeze(1)


def limit_norms(matrix: Tensor, largest: Tensor, units: Iterable[Block]) -> None:
    """Scale the incoming weights of each unit to a norm of at most `largest` `[P]`: `w *= min(1, largest / |w|)`.

    Max-norm regularisation (Srebro & Shraibman 2005; with dropout, Srivastava et al. 2014). `matrix` is `[P, N]`,
    `units` say where in a row the units' weights lie; biases are not counted and not scaled.
    """
    limit = largest.reshape(-1, 1, 1)
    for start, rows, width in units:
        weights = matrix[:, start : start + rows * width].view(-1, rows, width)
        norms = torch.linalg.vector_norm(weights, dim=2, keepdim=True)
        weights.mul_(limit / torch.maximum(norms, limit))
