"""Layers that draw: their masks come from the member's key, never from a global generator."""

import torch
from torch import Tensor, nn

from foldproof import randomness


class Dropout(nn.Module):
    """Zero each unit with probability `rate` and divide the rest by `1 - rate`, in training only (Srivastava et al.).

    The rate is a buffer, so that the members of a population may each have their own. `place` tells the layers of one
    network apart.
    """

    rate: Tensor

    def __init__(self, rate: float, place: str) -> None:
        super().__init__()
        self.register_buffer("rate", torch.tensor(rate), persistent=False)
        self.place = place

    def forward(self, inputs: Tensor) -> Tensor:
        """Mask `inputs` `[B, ...]`; the mask follows from the current key, the place and the element's number."""
        if not self.training:
            return inputs
        key = randomness.at(randomness.current_key(), self.place)
        kept = randomness.at_least(key, tuple(inputs.shape), self.rate)
        return inputs * kept.to(inputs.dtype) / (1 - randomness.rounded(self.rate)).to(inputs.dtype)
