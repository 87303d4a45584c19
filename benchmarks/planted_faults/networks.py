"""Networks of a user's own with something wrong in them, as `model.factory` names them."""

from math import prod
from typing import Any

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]
UNITS = 64


def _chain(shape: Shape, outputs: int, activation: type[nn.Module] = nn.ReLU, *last: nn.Module) -> nn.Sequential:
    """The sound network that the others are broken from: two hidden layers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(prod(shape), UNITS),
            activation(),
            nn.Linear(UNITS, UNITS),
            activation(),
            nn.Linear(UNITS, outputs),
            *last,
        )


def sound(shape: Shape, outputs: int) -> nn.Sequential:
    """Nothing is wrong."""
    return _chain(shape, outputs)


class _TanhOfWrongSlope(torch.autograd.Function):
    """Tanh, whose slope was taken for that of the sigmoid."""

    generate_vmap_rule = True

    @staticmethod
    def forward(signal: Tensor) -> Tensor:
        return signal.tanh()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (found,) = ctx.saved_tensors
        slope: Tensor = found * (1 - found)
        return gradients[0] * slope


class _WrongTanh(nn.Module):
    def forward(self, signal: Tensor) -> Tensor:
        found: Tensor = _TanhOfWrongSlope.apply(signal)  # type: ignore[no-untyped-call]
        return found


def wrong_backward(shape: Shape, outputs: int) -> nn.Sequential:
    """The slope of the activation is wrong."""
    return _chain(shape, outputs, _WrongTanh)


class _OffTheGraph(nn.Module):
    """What `.data` and `.detach()` do in the middle of a network."""

    def forward(self, signal: Tensor) -> Tensor:
        return signal.detach()


def detached(shape: Shape, outputs: int) -> nn.Sequential:
    """No gradient reaches the first layer."""
    return _chain(shape, outputs).insert(2, _OffTheGraph())


def softmax_at_the_end(shape: Shape, outputs: int) -> nn.Sequential:
    """Probabilities, where the loss wants logits."""
    return _chain(shape, outputs, nn.ReLU, nn.Softmax(dim=-1))


def sigmoid_at_the_end(shape: Shape, outputs: int) -> nn.Sequential:
    """Probabilities of each class, where the loss wants logits."""
    return _chain(shape, outputs, nn.ReLU, nn.Sigmoid())


def log_softmax_at_the_end(shape: Shape, outputs: int) -> nn.Sequential:
    """Logarithms of probabilities: once more does no harm, since they are logits too."""
    return _chain(shape, outputs, nn.ReLU, nn.LogSoftmax(dim=-1))


def relu_at_the_end(shape: Shape, outputs: int) -> nn.Sequential:
    """No number below 0 can be predicted, though targets are centred."""
    return _chain(shape, outputs, nn.ReLU, nn.ReLU())


def deep_bias(shape: Shape, outputs: int) -> nn.Sequential:
    """All biases are -10, so that rectified units are 0 for every row."""
    found = _chain(shape, outputs)
    for layer in found:
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.bias, -10)
    return found


def second_layer_dead(shape: Shape, outputs: int) -> nn.Sequential:
    """The biases of the second layer alone are -10."""
    found = _chain(shape, outputs)
    nn.init.constant_(found[3].bias, -10)  # type: ignore[arg-type]
    return found


def equal_weights(shape: Shape, outputs: int) -> nn.Sequential:
    """All weights of a layer are one number, so that its units are one unit."""
    found = _chain(shape, outputs)
    for layer in found:
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.weight, 0.02)
            nn.init.zeros_(layer.bias)
    return found


class _Nothing(nn.Module):
    def forward(self, rows: Tensor) -> Tensor:
        return rows * 0


def rows_forgotten(shape: Shape, outputs: int) -> nn.Sequential:
    """What the network says is the same for every row."""
    return nn.Sequential(_Nothing(), _chain(shape, outputs))


def normalised_over_the_batch(shape: Shape, outputs: int) -> nn.Sequential:
    """Sound by itself; not with one or two rows a step."""
    return _chain(shape, outputs, nn.ReLU).insert(2, nn.BatchNorm1d(UNITS))
