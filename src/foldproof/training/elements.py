"""Which elements of a member's row of the matrix are what: weights, output layer, units, embeddings; what is frozen."""

from dataclasses import dataclass, replace
from itertools import accumulate
from math import inf

import torch
from torch import Tensor, nn

from foldproof.model.stacked import Layout, StackedNetwork

Block = tuple[int, int, int]  # first element, rows, elements of a row


@dataclass(frozen=True)
class Elements:
    """Of the N elements of a member's row, which are what.

    `weights` `[N]` is 1 for those of weights, 0 for those of biases, normalisations and embeddings; `head` `[N]` is 1
    for those of the output layer; `units` says where each layer's weights lie, a row a unit's incoming ones, and
    `embeddings` where each table of embeddings does. `old` `[N]` is 1 for those that were trained before. Embeddings
    are not decayed: rows that a step does not meet would shrink all the same, and most of all those of rare words,
    whose gradients seldom answer.
    """

    weights: Tensor
    head: Tensor
    units: tuple[Block, ...] = ()
    embeddings: tuple[Block, ...] = ()
    old: Tensor | None = None
    frozen: "Frozen | None" = None

    @classmethod
    def of(
        cls,
        network: StackedNetwork,
        old: frozenset[str] = frozenset(),
        frozen: frozenset[str] = frozenset(),
        until: float = inf,
    ) -> "Elements":
        """Those of a network, of whose parameters some are `old`, and some `frozen` `until` a step."""
        layout = network.layout
        weights = layout.weights_only()
        blocks = _blocks(layout, weights)
        embeddings = {name: blocks.pop(name) for name in layout.names if name in network.parameters_of(nn.Embedding)}
        for start, rows, width in embeddings.values():
            weights[start : start + rows * width] = 0.0
        whole = cls(
            weights,
            _marked(layout, layout.head),
            tuple(blocks.values()),
            tuple(embeddings.values()),
            _marked(layout, old),
        )
        if not frozen:
            return whole
        free = 1 - _marked(layout, frozen)
        units = tuple(block for name, block in blocks.items() if name not in frozen)
        return replace(whole, frozen=Frozen(free, replace(whole, weights=weights * free, units=units), until))

    def at(self, step: int) -> "Elements":
        """Those that the penalties, decays and limits of a step are about: what is frozen then is left out."""
        return self if self.frozen is None or step >= self.frozen.until else self.frozen.others

    def free_at(self, step: int) -> Tensor | None:
        """1 for the elements that a step may move, 0 for those that are frozen then, `[N]`; None: it may move all."""
        return None if self.frozen is None or step >= self.frozen.until else self.frozen.free

    def to(self, device: torch.device, dtype: torch.dtype) -> "Elements":
        """The same on a device."""
        return replace(
            self,
            weights=self.weights.to(device, dtype),
            head=self.head.to(device, dtype),
            old=None if self.old is None else self.old.to(device, dtype),
            frozen=None if self.frozen is None else self.frozen.to(device, dtype),
        )


@dataclass(frozen=True)
class Frozen:
    """What stands still until a step: `free` `[N]` is 0 for it, and `others` are the elements without it."""

    free: Tensor
    others: Elements
    until: float  # step

    def to(self, device: torch.device, dtype: torch.dtype) -> "Frozen":
        """The same on a device."""
        return Frozen(self.free.to(device, dtype), self.others.to(device, dtype), self.until)


def _blocks(layout: Layout, weights: Tensor) -> dict[str, Block]:
    """Where the weights of each layer lie."""
    starts = list(accumulate(layout.sizes, initial=0))
    return {
        name: (start, shape[0], size // shape[0])
        for name, shape, size, start in zip(layout.names, layout.shapes, layout.sizes, starts[:-1], strict=True)
        if weights[start] > 0
    }


def _marked(layout: Layout, chosen: frozenset[str]) -> Tensor:
    """1 for the elements of the chosen parameters, `[N]`."""
    return torch.cat(
        [torch.full((size,), float(name in chosen)) for name, size in zip(layout.names, layout.sizes, strict=True)]
    )
