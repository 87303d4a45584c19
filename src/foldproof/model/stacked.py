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
from foldproof.model.folded import Owned, fold, has_hooks, pooled_first, run, unfold

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
        layers = [("", template)] if _shares(template) else pooled_first(list(_layers(template)))
        self._layers = [(layer, _names_in(name, layer)) for name, layer in layers]
        self._template = template.to("meta")  # last: it parts weights that layers share
        self._persistent = set(self._template.state_dict())

    def __call__(self, matrix: Tensor, buffers: State, rows: Tensor, keys: Tensor | None = None) -> Tensor:
        """Outputs `[P, B, outputs]` of rows `[P, B, *shape]`; with keys `[P, 2]` in training mode, else evaluating.

        In training mode running averages in `buffers` `[P, ...]` are updated in place.
        """
        if self._template.training != (keys is not None):
            self._template.train(keys is not None)
        members = len(matrix)
        gradients: State = {}
        parameters = self.layout.unfold(matrix)
        if torch.is_grad_enabled() and matrix.requires_grad:
            sheet = torch.empty_like(matrix)
            gradients = self.layout.unfold(sheet)
            unfolded = _Unfolding.apply(matrix, self.layout, sheet)  # type: ignore[no-untyped-call]
            parameters = dict(zip(self.layout.names, unfolded, strict=True))
        tensors = {**parameters, **buffers}
        folded = fold(rows)
        with randomness.drawing(keys):
            for layer, names in self._layers:
                own = {name: tensors[full] for name, full in names.items() if full in tensors}  # no rates when serving
                into = {name: gradients[full] for name, full in names.items() if full in gradients}
                folded = run(layer, Owned(members, own, into), folded)
        return unfold(folded, members)

    def saved_buffers(self, buffers: State) -> State:
        """Those buffers that belong to a trained network (running averages), without settings such as dropout rates."""
        return {name: value for name, value in buffers.items() if name in self._persistent}


def _shares(network: nn.Module) -> bool:
    """Whether a weight is used in two places, so that its gradient is a sum, which no layer alone may write."""
    return len(list(network.named_parameters(remove_duplicate=False))) > len(list(network.parameters()))


def _layers(network: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers of a chain, in order, by name; a network of any other form is one layer."""
    if type(network) is not nn.Sequential or has_hooks(network):
        yield name, network
        return
    for part, layer in network._modules.items():
        assert layer is not None
        yield from _layers(layer, f"{name}.{part}" if name else part)


def _names_in(name: str, layer: nn.Module) -> dict[str, str]:
    """Of a layer's parameters and buffers: name in the layer -> name in the network, one for all that are the same."""
    own = [
        (f"{part}.{one}" if part else one, tensor)
        for part, module in layer.named_modules()
        for one, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    ]
    first = {id(tensor): one for one, tensor in reversed(own)}
    return {one: f"{name}.{first[id(tensor)]}" if name else first[id(tensor)] for one, tensor in own}


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
        """The sheet, under a name that nobody else holds: then autograd takes it as it is, without a copy."""
        sheet: Tensor | None = ctx.sheet
        ctx.sheet = None
        if sheet is None:
            raise RuntimeError("a population's forward pass can be differentiated once; run it again for a second time")
        for place, gradient in zip(ctx.layout.unfold(sheet).values(), gradients, strict=True):
            if gradient is None:
                place.zero_()
            elif gradient.data_ptr() != place.data_ptr():
                place.copy_(gradient)
        return sheet.detach(), None, None


def stack(networks: Sequence[nn.Module]) -> tuple[StackedNetwork, Tensor, State]:
    """P networks of one shape as (stacked network, matrix `[P, N]`, buffers `[P, ...]`)."""
    layout = Layout.of(networks[0])
    rows = [torch.cat([p.detach().reshape(-1) for p in network.parameters()]) for network in networks]
    named = [dict(network.named_buffers()) for network in networks]
    buffers = {name: torch.stack([one[name] for one in named]) for name in named[0]}
    if any(Layout.of(network) != layout for network in networks):
        raise ValueError("the networks of a population must have parameters of the same names and shapes")
    return StackedNetwork(networks[0]), torch.stack(rows), buffers
