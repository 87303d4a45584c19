"""Networks of one shape as one: their weights are the rows of a matrix `[P, N]`, their forward pass one for all.

`Layout` says where in a row each parameter lies; `StackedNetwork` unfolds the matrix into parameters `[P, ...]` and
runs the template's layers over all members at once. Optimizers, averages and checkpoints see the matrix alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.model.folded import Owned, State, fold, has_hooks, run, unfold


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
        self._layers = tuple(_layers(self._template))
        self._persistent = set(self._template.state_dict())

    def __call__(self, matrix: Tensor, buffers: State, rows: Tensor, keys: Tensor | None = None) -> Tensor:
        """Outputs `[P, B, outputs]` of rows `[P, B, *shape]`; with keys `[P, 2]` in training mode, else evaluating.

        In training mode running averages in `buffers` `[P, ...]` are updated in place.
        """
        self._template.train(keys is not None)
        members, gradients = len(matrix), State()
        parameters = self.layout.unfold(matrix)
        if torch.is_grad_enabled() and matrix.requires_grad:
            sheet = torch.empty_like(matrix)
            gradients = self.layout.unfold(sheet)
            unfolded = _Unfolding.apply(matrix, self.layout, sheet)  # type: ignore[no-untyped-call]
            parameters = dict(zip(self.layout.names, unfolded, strict=True))
        tensors = {**parameters, **buffers}
        folded = fold(rows)
        with randomness.drawing(keys):
            for prefix, layer in self._layers:
                folded = run(layer, Owned(members, _under(prefix, tensors), _under(prefix, gradients)), folded)
        return unfold(folded, members)

    def saved_buffers(self, buffers: State) -> State:
        """Those buffers that belong to a trained network (running averages), without settings such as dropout rates."""
        return {name: value for name, value in buffers.items() if name in self._persistent}


def _layers(network: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers of a chain, in order, by name; a network of any other form, or that shares weights, is one layer."""
    shared = len(list(network.named_parameters(remove_duplicate=False))) > len(list(network.parameters()))
    if type(network) is not nn.Sequential or shared or has_hooks(network):
        yield name, network
        return
    for part, layer in network._modules.items():
        assert layer is not None
        yield from _layers(layer, f"{name}.{part}" if name else part)


def _under(name: str, tensors: State) -> State:
    """The tensors of one layer, by their names in it."""
    prefix = f"{name}." if name else ""
    return {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}


class _Unfolding(torch.autograd.Function):
    """The matrix as parameters; backward joins their gradients, which mostly were written in place already."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, layout: Layout, sheet: Tensor) -> tuple[Tensor, ...]:
        """Parameters `[P, ...]` of the matrix `[P, N]`; `sheet` `[P, N]` is where its gradient is to be."""
        ctx.set_materialize_grads(False)
        ctx.layout, ctx.sheet = layout, sheet
        return tuple(layout.unfold(matrix.detach()).values())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor, None, None]:
        """The sheet; it is let go of here, so that autograd can take it as it is."""
        sheet: Tensor = ctx.sheet
        ctx.sheet = None
        for place, gradient in zip(ctx.layout.unfold(sheet).values(), gradients, strict=True):
            if gradient is None:
                place.zero_()
            elif gradient.data_ptr() != place.data_ptr():
                place.copy_(gradient)
        return sheet, None, None


def stack(networks: Sequence[nn.Module]) -> tuple[StackedNetwork, Tensor, State]:
    """P networks of one shape as (stacked network, matrix `[P, N]`, buffers `[P, ...]`)."""
    layout = Layout.of(networks[0])
    rows = [torch.cat([p.detach().reshape(-1) for p in network.parameters()]) for network in networks]
    named = [dict(network.named_buffers()) for network in networks]
    buffers = {name: torch.stack([one[name] for one in named]) for name in named[0]}
    if any(Layout.of(network) != layout for network in networks):
        raise ValueError("the networks of a population must have parameters of the same names and shapes")
    return StackedNetwork(networks[0]), torch.stack(rows), buffers
