"""Gradients that are nothing but rounding noise, for optimizers that look at their sign alone."""

from typing import Any

import torch
from torch import Tensor

NOISE = 16  # units of rounding


def without_rounding_noise(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """Before a step: zero the elements of each member's gradient below 16 units of rounding of its largest one.

    Where the true gradient is zero (a constant input before a normalisation), rounding leaves one of either sign, whose
    step would be as long as any: such weights would stray, and differ between a member alone and in company.
    """
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            gradient: Tensor = parameter.grad
            size = gradient.abs()
            noise = NOISE * torch.finfo(gradient.dtype).eps * size.amax(1, keepdim=True)
            gradient.masked_fill_(size <= noise, 0.0)
