"""Networks of one shape as one: their weights are the rows of a matrix `[P, N]`, their forward pass one `vmap`.

`Layout` says where in a row each parameter lies; `StackedNetwork` unfolds the matrix into parameters `[P, ...]` and
runs the template network over all members at once. Optimizers, averages and checkpoints see the matrix alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from foldproof import randomness

State = dict[str, Tensor]


@dataclass(frozen=True)
class Layout:
    """Names and shapes of a network's parameters, in the order in which they lie in a row of the matrix."""

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]

    @classmethod
    def of(cls, network: nn.Module) -> "Layout":
        """The layout of a network's parameters."""
        named = dict(network.named_parameters())
        return cls(tuple(named), tuple(parameter.shape for parameter in named.values()))

    @property
    def sizes(self) -> list[int]:
        """Elements of each parameter; their sum is N."""
        return [prod(shape) for shape in self.shapes]

    def unfold(self, matrix: Tensor) -> State:
        """Parameters `[P, ...]` as views into the matrix `[P, N]`; their gradients flow back into it as one."""
        parts = torch.split(matrix, self.sizes, dim=1)
        return {
            name: part.reshape(-1, *shape) for name, part, shape in zip(self.names, parts, self.shapes, strict=True)
        }

    def fold(self, state: State) -> Tensor:
        """The matrix `[P, N]` of parameters `[P, ...]`."""
        return torch.cat([state[name].flatten(1) for name in self.names], dim=1)

    def weights_only(self) -> Tensor:
        """1 for elements of weights, 0 for those of biases and normalisations (one-dimensional parameters), `[N]`."""
        return torch.cat([torch.full((prod(shape),), float(len(shape) > 1)) for shape in self.shapes])


class StackedNetwork:
    """One template network applied to P members at once; it holds no weights of its own."""

    def __init__(self, template: nn.Module) -> None:
        self.layout = Layout.of(template)
        self._template = template.to("meta")
        self._persistent = set(self._template.state_dict())

    def __call__(self, matrix: Tensor, buffers: State, rows: Tensor, keys: Tensor | None = None) -> Tensor:
        """Outputs `[P, B, outputs]` of rows `[P, B, *shape]`; with keys `[P, 2]` in training mode, else evaluating.

        In training mode running averages in `buffers` `[P, ...]` are updated in place.
        """
        self._template.train(keys is not None)
        parameters = self.layout.unfold(matrix)
        if keys is None:
            return vmap(self._evaluate)(parameters, buffers, rows)
        return vmap(self._train)(parameters, buffers, rows, keys)

    def _train(self, parameters: State, buffers: State, rows: Tensor, key: Tensor) -> Tensor:
        with randomness.drawing(key):
            return self._evaluate(parameters, buffers, rows)

    def _evaluate(self, parameters: State, buffers: State, rows: Tensor) -> Tensor:
        outputs: Tensor = functional_call(self._template, (parameters, buffers), (rows,))
        return outputs

    def saved_buffers(self, buffers: State) -> State:
        """Those buffers that belong to a trained network (running averages), without settings such as dropout rates."""
        return {name: value for name, value in buffers.items() if name in self._persistent}


def stack(networks: Sequence[nn.Module]) -> tuple[StackedNetwork, Tensor, State]:
    """P networks of one shape as (stacked network, matrix `[P, N]`, buffers `[P, ...]`)."""
    layout = Layout.of(networks[0])
    rows = [torch.cat([p.detach().reshape(-1) for p in network.parameters()]) for network in networks]
    named = [dict(network.named_buffers()) for network in networks]
    buffers = {name: torch.stack([one[name] for one in named]) for name in named[0]}
    if any(Layout.of(network) != layout for network in networks):
        raise ValueError("the networks of a population must have parameters of the same names and shapes")
    return StackedNetwork(networks[0]), torch.stack(rows), buffers
