"""The stacked network under `torch.compile`, to see what that would bring; foldproof itself does not compile."""

from typing import Any

import torch
from torch import Tensor

from foldproof.model.stacked import StackedNetwork


class CompiledNetwork(StackedNetwork):
    """The same layout and template; forward and backward pass are compiled at the first step of each mode."""

    def __init__(self, network: StackedNetwork) -> None:
        self.__dict__.update(network.__dict__)
        self._compiled = torch.compile(network.__call__)

    def __call__(self, *arguments: Any) -> Tensor:
        """As StackedNetwork."""
        outputs: Tensor = self._compiled(*arguments)
        return outputs
