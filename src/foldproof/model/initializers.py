"""Initial weights: a table `name -> variance(n_in, n_out)`; weights are normal draws, biases zero.

`n_in` and `n_out` are the numbers of inputs and outputs of a unit (for a convolution times the kernel's area). Draws
are made in float64 on the CPU, keyed by the member and the parameter's name, so they are the same wherever it trains.
"""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.config.model import InitializerName

Variance = Callable[[int, int], float]


def he(n_in: int, n_out: int) -> float:  # noqa: ARG001  (every row takes both)
    """`2 / n_in` (He et al. 2015): keeps the variance of signals through ReLU."""
    return 2.0 / n_in


def glorot(n_in: int, n_out: int) -> float:
    """`2 / (n_in + n_out)` (Glorot & Bengio 2010): a balance of signals forward and gradients backward."""
    return 2.0 / (n_in + n_out)


def lecun(n_in: int, n_out: int) -> float:  # noqa: ARG001
    """`1 / n_in` (LeCun et al. 1998): keeps the variance of signals through linear units."""
    return 1.0 / n_in


INITIALIZERS: dict[InitializerName, Variance] = {"he": he, "glorot": glorot, "lecun": lecun}


def initialize(network: nn.Module, variance: Variance, key: Tensor) -> None:
    """Draw the weights of every linear and convolutional layer of `network` in place under `key` `[2]`."""
    with torch.no_grad():
        for name, layer in network.named_modules():
            if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
                area = layer.weight[0][0].numel()
                n_in, n_out = layer.weight.shape[1] * area, layer.weight.shape[0] * area
                draws = randomness.normal(randomness.at(key, f"initial {name}"), tuple(layer.weight.shape))
                layer.weight.copy_(draws * sqrt(variance(n_in, n_out)))
                if layer.bias is not None:
                    layer.bias.zero_()
