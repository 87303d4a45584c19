"""Layers that drop at random in training, and a table `name -> DropoutKind`.

Their masks come from the member's key, never from a global generator. What is kept is scaled up, so that testing needs
nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from foldproof import randomness
from foldproof.config.model import DropoutKindName

Shape = tuple[int, ...]


class Dropout(nn.Module):
    """Zero each unit with probability `rate` and divide the rest by `1 - rate`, in training only (Srivastava et al.).

    The rate is a buffer, so that the members of a population may each have their own, rounded as the draws are, so that
    the mean is exact. `place` tells the layers of one network apart.
    """

    rate: Tensor

    def __init__(self, rate: float, place: str) -> None:
        super().__init__()
        self.register_buffer("rate", _held(rate), persistent=False)
        self.place = place

    @staticmethod
    def mask_shape(shape: Shape) -> Shape:
        """Of a mask for rows of `shape` `[B, C, ...]`; an axis of 1 is kept or dropped as a whole."""
        return shape

    def kept(self, shape: Shape) -> Tensor:
        """Whether the elements of rows of `shape` are kept: it follows from key, place and the element's number."""
        return randomness.at_least(randomness.key_at(self.place), self.mask_shape(shape), self.rate)

    def forward(self, inputs: Tensor) -> Tensor:
        """Mask `inputs` `[B, ...]`."""
        if not self.training:
            return inputs
        return inputs * self.kept(tuple(inputs.shape)).to(inputs.dtype) / (1 - self.rate).to(inputs.dtype)


class SpatialDropout(Dropout):
    """Zero whole channels of a row (Tompson et al. 2015), whose pixels hardly differ."""

    @staticmethod
    def mask_shape(shape: Shape) -> Shape:
        """One draw a row and channel."""
        return (*shape[:2], *(1,) * (len(shape) - 2))


class StochasticDepth(Dropout):
    """Zero whole rows (Huang et al. 2016): put at the end of a residual branch, the row takes the shortcut alone."""

    @staticmethod
    def mask_shape(shape: Shape) -> Shape:
        """One draw a row."""
        return (shape[0], *(1,) * (len(shape) - 1))


class AlphaDropout(Dropout):
    """Set units to SELU's lowest value, then restore mean 0 and variance 1 (Klambauer et al. 2017)."""

    def forward(self, inputs: Tensor) -> Tensor:
        """`a (x kept + low (1 - kept)) + b` of `inputs` `[B, ...]`."""
        if not self.training:
            return inputs
        return alpha_dropped(inputs, self.kept(tuple(inputs.shape)), self.rate.to(inputs.dtype))


SELU_LOWEST = -1.0507009873554805 * 1.6732632423543772


def alpha_dropped(inputs: Tensor, kept: Tensor, rate: Tensor) -> Tensor:
    """`a (x kept + low (1 - kept)) + b` with `a = ((1 - rate) (1 + rate low^2))^-1/2` and `b = -a rate low`."""
    scale = ((1 - rate) * (1 + rate * SELU_LOWEST**2)) ** -0.5
    return scale * (torch.where(kept, inputs, SELU_LOWEST) - rate * SELU_LOWEST)


class DropConnect(nn.Module):
    """Zero single weights of an affine layer (Wan et al. 2013): one mask a member and batch; biases are kept."""

    rate: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d, rate: float, place: str) -> None:
        super().__init__()
        self.register_buffer("rate", _held(rate), persistent=False)
        self.layer = layer
        self.place = place

    def forward(self, inputs: Tensor) -> Tensor:
        """The affine map of `inputs` `[B, ...]` by the weights that are left, divided by `1 - rate`."""
        weight = self.layer.weight
        if self.training:
            kept = randomness.at_least(randomness.key_at(self.place), tuple(weight.shape), self.rate)
            weight = weight * kept.to(weight.dtype) / (1 - self.rate).to(weight.dtype)
        outputs: Tensor = functional_call(self.layer, {"weight": weight}, (inputs,))
        return outputs


def _held(rate: float) -> Tensor:
    return randomness.rounded(torch.tensor(rate, dtype=torch.float64)).float()


@dataclass(frozen=True)
class DropoutKind:
    """What is dropped: outputs of a hidden layer, by a layer after it, or weights, by one around it."""

    after: Callable[[float, str], list[nn.Module]] = lambda _, __: []
    around: Callable[[nn.Linear | nn.Conv2d, float, str], nn.Module] = lambda layer, _, __: layer
    of_maps: bool = False
    """whether `model.dropout` is meant for convolutions, too"""


DROPOUTS: dict[DropoutKindName, DropoutKind] = {
    "unit": DropoutKind(lambda rate, place: [Dropout(rate, place)]),
    "spatial": DropoutKind(lambda rate, place: [SpatialDropout(rate, place)], of_maps=True),
    "dropconnect": DropoutKind(around=DropConnect),
    "alpha": DropoutKind(lambda rate, place: [AlphaDropout(rate, place)]),
}
