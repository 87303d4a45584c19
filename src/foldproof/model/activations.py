"""Activations: a table `name -> Activation`."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import torch
from torch import nn

from foldproof.config.model import ActivationName, InitializerName
from foldproof.model.layers import Maxout

Make = Callable[[int, Any], nn.Module]


@dataclass(frozen=True)
class Activation:
    """How the module is made for so many units and a block of settings, and the initializer that suits it."""

    module: Make
    initializer: InitializerName
    pieces: Callable[[Any], int] = lambda _: 1
    """outputs that the affine layer before it must have for each unit"""


ACTIVATIONS: dict[ActivationName, Activation] = {
    "linear": Activation(lambda _, __: nn.Identity(), "glorot"),
    "sigmoid": Activation(lambda _, __: nn.Sigmoid(), "glorot"),
    "tanh": Activation(lambda _, __: nn.Tanh(), "glorot"),
    "hard_tanh": Activation(lambda _, __: nn.Hardtanh(), "glorot"),
    "relu": Activation(lambda _, __: nn.ReLU(), "he"),
    "leaky_relu": Activation(lambda _, block: nn.LeakyReLU(block.slope), "he"),  # Maas et al. 2013
    "prelu": Activation(lambda units, _: nn.PReLU(units), "he"),  # He et al. 2015; slopes start at 0.25
    "elu": Activation(lambda _, block: nn.ELU(block.alpha), "he"),  # Clevert et al. 2016
    "selu": Activation(lambda _, __: nn.SELU(), "lecun"),  # Klambauer et al. 2017
    "gelu": Activation(lambda _, __: nn.GELU(), "he"),  # Hendrycks & Gimpel 2016, by the error function
    "silu": Activation(lambda _, __: nn.SiLU(), "he"),  # Elfwing et al. 2017; swish
    "softplus": Activation(lambda _, __: nn.Softplus(), "glorot"),
    "maxout": Activation(lambda _, block: Maxout(block.pieces), "glorot", lambda block: int(block.pieces)),
}


@dataclass(frozen=True)
class ChosenActivation:
    """A row of the table with its block of settings."""

    row: Activation
    block: Any

    def module(self, units: int) -> nn.Module:
        """The layer `[B, units * pieces, ...] -> [B, units, ...]`."""
        return self.row.module(units, self.block)

    @property
    def pieces(self) -> int:
        """Outputs that the affine layer before it must have for each unit."""
        return self.row.pieces(self.block)

    def gain(self) -> float:
        """`1 / sqrt(E[f(z)^2])` for standard normal z: what keeps the size of signals; of relu the square root of 2.

        z is the largest of `pieces` such numbers, whose density is `pieces * cdf^(pieces - 1) * density`. The integral
        is a sum over a fine grid, rounded to six digits so that every machine finds the same.
        """
        z = torch.linspace(-12, 12, 48_001, dtype=torch.float64)
        cdf = torch.special.ndtr(z)
        density = self.pieces * cdf ** (self.pieces - 1) * torch.exp(-(z**2) / 2) / sqrt(2 * pi)
        with torch.no_grad():
            outputs = self.module(1).double()(z[:, None].expand(-1, self.pieces))[:, 0]
        square = float((outputs**2 * density).sum() * (z[1] - z[0]))
        return round(1 / sqrt(square), 6)
