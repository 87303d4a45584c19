"""Initial weights: a table `name -> Initializer`; biases are zero.

`n_in` and `n_out` are the numbers of inputs and outputs of a unit (for a convolution times the kernel's area). Draws
are made in float64 on the CPU, keyed by the member and the parameter's name, so they are the same wherever it trains.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.config.model import InitializerName


@dataclass(frozen=True)
class Fan:
    """What the weights of a layer may depend on."""

    n_in: int
    n_out: int
    gain: Callable[[], float]  # of the activation
    scale: float  # model.initial_scale


Shape = tuple[int, ...]
Variance = Callable[[Fan], float]
Draw = Callable[[Tensor, Shape, Fan], Tensor]


@dataclass(frozen=True)
class Initializer:
    """`draw(key, shape, fan)` gives float64 weights `[outputs, inputs, ...]`."""

    draw: Draw
    unit_variance: bool = False
    """whether each layer is then scaled until its outputs on training rows have variance 1"""


def he(fan: Fan) -> float:
    """`2 / n_in` (He et al. 2015): keeps the variance of signals through ReLU."""
    return 2.0 / fan.n_in


def glorot(fan: Fan) -> float:
    """`2 / (n_in + n_out)` (Glorot & Bengio 2010): a balance of signals forward and gradients backward."""
    return 2.0 / (fan.n_in + fan.n_out)


def lecun(fan: Fan) -> float:
    """`1 / n_in` (LeCun et al. 1998): keeps the variance of signals through linear units; CS231n's Xavier."""
    return 1.0 / fan.n_in


def small(fan: Fan) -> float:
    """`scale^2`, whatever the layer's size: signals shrink from layer to layer."""
    return fan.scale**2


def normal(variance: Variance) -> Initializer:
    """Normal draws of mean 0."""
    return Initializer(lambda key, shape, fan: randomness.normal(key, shape) * sqrt(variance(fan)))


def uniform(variance: Variance) -> Initializer:
    """Uniform draws in `±sqrt(3 variance)`."""

    def draw(key: Tensor, shape: Shape, fan: Fan) -> Tensor:
        return (2 * randomness.uniform(key, shape, torch.float64) - 1) * sqrt(3 * variance(fan))

    return Initializer(draw)


def zeros(key: Tensor, shape: Shape, fan: Fan) -> Tensor:  # noqa: ARG001  (every row takes all)
    """All units of a layer are the same, get the same gradient and stay the same."""
    return torch.zeros(shape, dtype=torch.float64)


def orthogonal(key: Tensor, shape: Shape, fan: Fan) -> Tensor:
    """Rows or columns orthogonal, of length `gain` (Saxe et al. 2014): variance `gain^2 / max(n_in, units)`.

    The factor Q of a normal matrix, its signs chosen so that all rotations are as likely (Mezzadri 2007).
    """
    rows, columns = shape[0], fan.n_in
    tall, wide = max(rows, columns), min(rows, columns)
    q, r = torch.linalg.qr(randomness.normal(key, (tall, wide)))
    q *= r.diagonal().sign()
    weights: Tensor = (q if rows >= columns else q.T).reshape(shape)
    return weights * fan.gain()


INITIALIZERS: dict[InitializerName, Initializer] = {
    "zeros": Initializer(zeros),
    "small_random": normal(small),
    "small_random_uniform": uniform(small),
    "lecun": normal(lecun),
    "lecun_uniform": uniform(lecun),
    "glorot": normal(glorot),
    "glorot_uniform": uniform(glorot),
    "he": normal(he),
    "he_uniform": uniform(he),
    "orthogonal": Initializer(orthogonal),
    "lsuv": Initializer(orthogonal, unit_variance=True),
}


def initialize(network: nn.Module, draw: Draw, key: Tensor, gain: Callable[[], float], scale: float) -> None:
    """Draw the weights of every linear and convolutional layer of `network` in place under `key` `[2]`."""
    with torch.no_grad():
        for name, layer in _affine_layers(network):
            area = layer.weight[0][0].numel()
            fan = Fan(layer.weight.shape[1] * area, layer.weight.shape[0] * area, gain, scale)
            layer.weight.copy_(draw(randomness.at(key, f"initial {name}"), tuple(layer.weight.shape), fan))
            if layer.bias is not None:
                layer.bias.zero_()


@torch.no_grad()
def scale_to_unit_variance(network: nn.Module, rows: Tensor) -> None:
    """Divide each layer's weights by the deviation of its outputs on `rows` `[B, *shape]` (Mishkin & Matas 2016).

    A layer's outputs are linear in its weights as long as biases are zero, so that one pass suffices: each layer is
    mended as it is met, and hands on what it would have given. Nothing is dropped meanwhile.
    """

    def mend(layer: Any, _: Any, outputs: Tensor) -> Tensor:
        hooks.pop(layer).remove()  # a layer that is met again stays as it is
        deviation = outputs.std(correction=0)
        divisor = torch.where(deviation > 0, deviation, 1.0)
        layer.weight /= divisor
        return outputs / divisor

    hooks = {layer: layer.register_forward_hook(mend) for _, layer in _affine_layers(network)}
    training = network.training
    network.double().eval()(rows.double())
    for unmet in hooks.values():
        unmet.remove()
    network.float().train(training)


def _affine_layers(network: nn.Module) -> list[tuple[str, Any]]:
    kinds = (nn.Linear, nn.modules.conv._ConvNd)
    return [(name, layer) for name, layer in network.named_modules() if isinstance(layer, kinds)]
