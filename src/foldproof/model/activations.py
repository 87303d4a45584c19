"""Activations: a table `name -> Activation`."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from foldproof.config.model import ActivationName, InitializerName


@dataclass(frozen=True)
class Activation:
    """How the module is made, and the initializer that keeps the variance of what flows through it."""

    module: Callable[[], nn.Module]
    initializer: InitializerName


ACTIVATIONS: dict[ActivationName, Activation] = {
    "relu": Activation(nn.ReLU, "he"),
    "tanh": Activation(nn.Tanh, "glorot"),
    "sigmoid": Activation(nn.Sigmoid, "glorot"),
}
