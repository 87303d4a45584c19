"""Losses of numbers a row: outputs `[P, B, 1]`, targets `[P, B]`, settings by name `[P]`, to losses `[P, B]`.

Targets are centred and scaled by the member's statistics, so an error `e = o - t` counts in standard deviations.
"""

import torch
from torch import Tensor

from foldproof.model.stacked import State


def squared_error(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:  # noqa: ARG001
    """`e^2`: the mean is learnt; an outlier counts by its square."""
    return _errors(outputs, targets).square()


def absolute_error(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:  # noqa: ARG001
    """`|e|`: the median is learnt; its slope is 1 however small the error."""
    return _errors(outputs, targets).abs()


def huber(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:
    """`e^2 / 2` up to `delta`, `delta (|e| - delta / 2)` beyond (Huber 1964), with `delta > 0`."""
    distance = _errors(outputs, targets).abs()
    near = torch.minimum(distance, settings["huber_delta"].unsqueeze(1))
    return near * (distance - near / 2)


def root(mean: Tensor) -> Tensor:
    """`sqrt(m)` of means `[P]`; where the fit is perfect its slope is taken as 0, not as infinite."""
    return mean.clamp(min=torch.finfo(mean.dtype).tiny).sqrt()


def _errors(outputs: Tensor, targets: Tensor) -> Tensor:
    if outputs.shape != (*targets.shape, 1):
        raise ValueError(
            f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)} do not fit; "
            "expected [P, B, 1] and [P, B]"
        )
    return outputs.squeeze(-1) - targets
