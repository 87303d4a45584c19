"""Networks of a user's own with one thing wrong, as `model.factory` names them."""

from typing import Any

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]


class WrongSlope(torch.autograd.Function):
    """tanh, whose backward takes its derivative to be `1 - tanh` instead of `1 - tanh^2`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(inputs: Tensor) -> Tensor:
        return inputs.tanh()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (output,) = ctx.saved_tensors
        wrong: Tensor = gradient * (1 - output)
        return wrong


class Bent(nn.Module):
    """The layer of it."""

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = WrongSlope.apply(inputs)  # type: ignore[no-untyped-call]
        return found


def wrong_slope(shape: Shape, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[-1] * shape[-2], 8), Bent(), nn.Linear(8, outputs))


def ends_in_softmax(shape: Shape, outputs: int) -> nn.Module:
    inputs = shape[-1] * shape[-2]
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, outputs), nn.Softmax(-1))


def dead(shape: Shape, outputs: int) -> nn.Module:
    layer = nn.Linear(shape[-1] * shape[-2], 16)
    nn.init.constant_(layer.bias, -10.0)
    nn.init.normal_(layer.weight, std=0.01)
    return nn.Sequential(nn.Flatten(), layer, nn.ReLU(), nn.Linear(16, outputs))


class InTwo(nn.Module):
    """Puts out two tensors."""

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        first, second = inputs.chunk(2, dim=1)
        return first, second


class Branched(nn.Module):
    """One rectifier for two branches, of which one is always below 0; nothing of this is wrong but that."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.last = nn.Linear(8, outputs)  # is called last, and registered first
        self.first, self.apart, self.relu = nn.Linear(inputs, 16), InTwo(), nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        one, other = self.apart(self.first(inputs.flatten(1)))
        found: Tensor = self.last(self.relu(one) + self.relu(other.abs() * -1))
        return found


def branched(shape: Shape, outputs: int) -> nn.Module:
    return Branched(shape[-1] * shape[-2], outputs)


def cut_off(shape: Shape, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[-1], 16), nn.Tanh(), nn.Linear(16, outputs), nn.ReLU())
