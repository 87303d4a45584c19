"""Networks: a table `name -> Network`, whose constructors give a plain `nn.Module` of one member.

Layers follow the order affine, normalisation, activation, pooling, dropout. There is no bias where a normalisation
follows: before batch normalisation its true gradient is zero, and adaptive optimizers would blow up the rounding noise
that arrives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import nn

from foldproof.config.model import NetworkName
from foldproof.config.networks import DenseLayer, Linear, Mlp
from foldproof.model.convolutional import cnn, residual
from foldproof.model.factory import factory
from foldproof.model.parts import Parts, dense

Make = Callable[[tuple[int, ...], int, Parts, Any], nn.Module]


@dataclass(frozen=True)
class Network:
    """`make(shape, outputs, parts, block)` is a network `[B, *shape] -> [B, outputs]`."""

    make: Make
    has_weights: bool = False
    """whether it is made with initial weights of its own, which `initializer: auto` leaves as they are"""


def linear(shape: tuple[int, ...], outputs: int, parts: Parts, block: Linear) -> nn.Module:  # noqa: ARG001
    """`[B, *shape] -> [B, outputs]`, one affine map."""
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), outputs))


def mlp(shape: tuple[int, ...], outputs: int, parts: Parts, block: Mlp) -> nn.Module:
    """`[B, *shape] -> [B, outputs]` through the hidden layers."""
    chain: list[nn.Module] = [nn.Flatten()]
    width = prod(shape)
    for index, layer in enumerate(block.layers or [DenseLayer(units=units) for units in block.hidden]):
        chain += dense(width, layer, parts, f"dropout {index}")
        width = layer.units
    return nn.Sequential(*chain, nn.Linear(width, outputs))


NETWORKS: dict[NetworkName, Network] = {
    "linear": Network(linear),
    "mlp": Network(mlp),
    "cnn": Network(cnn),
    "residual": Network(residual),
    "factory": Network(factory, has_weights=True),
}
