"""Networks: a table `name -> constructor(shape, outputs, parts, block)`, each a plain `nn.Module` of one member.

Layers follow the order affine, batch normalisation, activation, pooling, dropout. There is no bias where batch
normalisation follows: its true gradient is zero, and adaptive optimizers would blow up the rounding noise that arrives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor, nn

from foldproof.config.model import Cnn, Linear, Mlp, NetworkName
from foldproof.errors import ConfigError
from foldproof.model.layers import Dropout


@dataclass(frozen=True)
class Parts:
    """What all layers of a network share."""

    activation: Callable[[], nn.Module]
    dropout: float


class Mean2d(nn.Module):
    """Mean over pixels `[B, C, H, W] -> [B, C]`; unlike adaptive pooling its backward is deterministic on CUDA."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Average the two last axes."""
        return inputs.mean(dim=(2, 3))


def linear(shape: tuple[int, ...], outputs: int, parts: Parts, block: Linear) -> nn.Module:  # noqa: ARG001
    """`[B, *shape] -> [B, outputs]`, one affine map."""
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), outputs))


def mlp(shape: tuple[int, ...], outputs: int, parts: Parts, block: Mlp) -> nn.Module:
    """`[B, *shape] -> [B, outputs]` through the hidden layers."""
    layers: list[nn.Module] = [nn.Flatten()]
    width = prod(shape)
    for index, hidden in enumerate(block.hidden):
        layers += _dense(width, hidden, block.batch_norm, parts, f"dropout {index}")
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def cnn(shape: tuple[int, ...], outputs: int, parts: Parts, block: Cnn) -> nn.Module:
    """`[B, C, H, W] -> [B, outputs]`: same-padded convolutions, each halved by its pooling, then a hidden layer.

    With `hidden: 0` the mean over pixels goes straight to the outputs.
    """
    if len(shape) != 3:
        raise ConfigError(f"model.name: found cnn, legal: mlp or linear for rows of shape {shape}; cnn needs images")
    channels, height, width = shape
    layers: list[nn.Module] = []
    for index, filters in enumerate(block.channels):
        layers.append(
            nn.Conv2d(
                channels,
                filters,
                block.kernel,
                padding=block.kernel // 2,
                bias=not block.batch_norm,
            )
        )
        if block.batch_norm:
            layers.append(nn.BatchNorm2d(filters))
        layers.append(parts.activation())
        if block.pooling != "none":
            _refuse_uneven(height, width, index)
            layers.append(POOLINGS[block.pooling](2))
            height, width = height // 2, width // 2
        channels = filters
    if not block.hidden:
        return nn.Sequential(*layers, Mean2d(), Dropout(parts.dropout, "dropout"), nn.Linear(channels, outputs))
    hidden = _dense(channels * height * width, block.hidden, block.batch_norm, parts, "dropout")
    return nn.Sequential(*layers, nn.Flatten(), *hidden, nn.Linear(block.hidden, outputs))


POOLINGS: dict[str, Callable[[int], nn.Module]] = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}
NETWORKS: dict[NetworkName, Callable[[tuple[int, ...], int, Parts, Any], nn.Module]] = {
    "linear": linear,
    "mlp": mlp,
    "cnn": cnn,
}


def _dense(n_in: int, n_out: int, batch_norm: bool, parts: Parts, place: str) -> list[nn.Module]:
    norm = [nn.BatchNorm1d(n_out)] if batch_norm else []
    return [nn.Linear(n_in, n_out, bias=not batch_norm), *norm, parts.activation(), Dropout(parts.dropout, place)]


def _refuse_uneven(height: int, width: int, index: int) -> None:
    if height % 2 or width % 2:
        raise ConfigError(
            f"model.cnn: layer {index} would pool a map of {height}x{width} by 2, which leaves a row or column over; "
            "use fewer channels (each is one pooled layer), pooling: none, or images whose sides divide"
        )
