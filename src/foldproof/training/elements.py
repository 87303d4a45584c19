"""Which elements of a member's row of the matrix are what: weights, output layer, units, embeddings."""

from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from foldproof.model.stacked import StackedNetwork

Block = tuple[int, int, int]  # first element, rows, elements of a row


@dataclass(frozen=True)
class Elements:
    """Of the N elements of a member's row, which are what.

    `weights` `[N]` is 1 for those of weights, 0 for those of biases, normalisations and embeddings; `head` `[N]` is 1
    for those of the output layer; `units` says where each layer's weights lie, a row a unit's incoming ones, and
    `embeddings` where each table of embeddings does. Embeddings are not decayed: rows that a step does not meet would
    shrink all the same, and most of all those of rare words, whose gradients seldom answer.
    """

    weights: Tensor
    head: Tensor
    units: tuple[Block, ...] = ()
    embeddings: tuple[Block, ...] = ()

    @classmethod
    def of(cls, network: StackedNetwork) -> "Elements":
        """Those of a network; its output layer is the one that owns its last parameter."""
        layout, weights = network.layout, network.layout.weights_only()
        starts = list(accumulate(layout.sizes, initial=0))
        blocks = {
            name: (start, shape[0], size // shape[0])
            for name, shape, size, start in zip(layout.names, layout.shapes, layout.sizes, starts[:-1], strict=True)
            if weights[start] > 0
        }
        embeddings = tuple(blocks.pop(name) for name in layout.names if name in network.parameters_of(nn.Embedding))
        for start, rows, width in embeddings:
            weights[start : start + rows * width] = 0.0
        last = _owner(layout.names[-1])
        head = [
            torch.full((size,), float(_owner(name) == last))
            for name, size in zip(layout.names, layout.sizes, strict=True)
        ]
        return cls(
            weights,
            torch.cat(head),
            tuple(blocks.values()),
            embeddings,
        )

    def to(self, device: torch.device, dtype: torch.dtype) -> "Elements":
        """The same on a device."""
        return Elements(self.weights.to(device, dtype), self.head.to(device, dtype), self.units, self.embeddings)


def _owner(parameter: str) -> str:
    return parameter.rpartition(".")[0]
