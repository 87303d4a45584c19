"""Networks of one shape as one: their weights are the rows of a matrix `[P, N]`, their forward pass one for all.

`Layout` says where in a row each parameter lies; `StackedNetwork` unfolds the matrix into parameters `[P, ...]` and
runs the template's layers over all members at once. Optimizers, averages and checkpoints see the matrix alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from foldproof import randomness
from foldproof.model.folded import Owned, by_vmap, fold, has_hooks, pooled_first, run, unfold

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

    @property
    def head(self) -> frozenset[str]:
        """The parameters of the output layer, the one that owns the last of all."""
        owner = owner_of(self.names[-1])
        return frozenset(name for name in self.names if owner_of(name) == owner)

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
        shares = _shares(template)
        layers = [("", template)] if shares else pooled_first(list(_layers(template)))
        self._run = by_vmap if shares else run
        self._layers = [(layer, _names_in(name, layer)) for name, layer in layers]
        self._template = template.to("meta")  # last: it parts weights that layers share
        self._mode: tuple[bool, frozenset[str]] | None = None
        self._persistent = set(self._template.state_dict())

    def __call__(
        self,
        matrix: Tensor,
        buffers: State,
        rows: Tensor,
        keys: Tensor | None = None,
        resting: frozenset[str] = frozenset(),
    ) -> Tensor:
        """Outputs `[P, B, outputs]` of rows `[P, B, *shape]`; with keys `[P, 2]` in training mode, else evaluating.

        In training mode running averages in `buffers` `[P, ...]` are updated in place, but not those of the layers
        that are `resting`, which evaluate.
        """
        self._enter(keys is not None, resting)
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
                folded = self._run(layer, Owned(members, own, into), folded)
        return unfold(folded, members)

    def _enter(self, training: bool, resting: frozenset[str]) -> None:
        """Put the layers into their modes, where they are in others."""
        if self._mode == (training, resting):
            return
        self._template.train(training)
        for name in resting:
            self._template.get_submodule(name).eval()
        self._mode = training, resting

    @contextmanager
    def looked_at(self, resting: frozenset[str] = frozenset()) -> Iterator[nn.Module]:
        """The network of one member, without weights: it normalises over batches as in training, but drops nothing.

        Layers that are `resting` evaluate.
        """
        self._mode = None
        for name, layer in self._template.named_modules():  # those that hold others come first
            layer.train(isinstance(layer, _BatchNorm) and name not in resting)
        yield self._template

    def batch_normalisations(self, frozen: frozenset[str] | None = None) -> frozenset[str]:
        """Names of the layers that normalise over the batch; of those alone whose parameters are `frozen`, if given."""
        among = None if frozen is None else self.layers_of(frozen)
        return frozenset(
            name
            for name, layer in self._template.named_modules()
            if isinstance(layer, _BatchNorm) and (among is None or name in among)
        )

    def layers_of(self, parameters: frozenset[str]) -> frozenset[str]:
        """Names of the layers all of whose own parameters are among these; one without any goes with those before."""
        found: set[str] = set()
        among = False
        for name, layer in self._template.named_modules():
            own = [f"{name}.{one}" if name else one for one, _ in layer.named_parameters(recurse=False)]
            if own:
                among = parameters.issuperset(own)
            if among:
                found.add(name)
        return frozenset(found)

    def has(self, *kinds: type[nn.Module]) -> bool:
        """Whether some layer is of one of these very kinds."""
        return any(type(layer) in kinds for layer in self._template.modules())

    def parameters_of(self, kind: type[nn.Module]) -> set[str]:
        """Names of the parameters that layers of this kind own."""
        layers = ((name, layer) for name, layer in self._template.named_modules() if isinstance(layer, kind))
        return {f"{name}.{own}" if name else own for name, layer in layers for own, _ in layer.named_parameters()}

    def with_masks(self, matrix: Tensor, buffers: State, rows: Tensor, keys: Tensor) -> Tensor:
        """Outputs as when evaluating, but the layers that draw do so, under keys `[P, 2]` (Monte-Carlo dropout)."""
        return self(matrix, buffers, rows, keys, self.batch_normalisations())

    @contextmanager
    def taking_batches(self, number: int) -> Iterator[None]:
        """Running averages take the `number`-th batch, from 0, by `1 / (number + 1)`: they become the plain mean."""
        layers = [layer for layer in self._template.modules() if isinstance(layer, _BatchNorm)]
        before = [layer.momentum for layer in layers]
        try:
            for layer in layers:
                layer.momentum = 1 / (number + 1)
            yield
        finally:
            for layer, momentum in zip(layers, before, strict=True):
                layer.momentum = momentum

    def saved_buffers(self, buffers: State) -> State:
        """Those buffers that belong to a trained network (running averages), without settings such as dropout rates."""
        return {name: value for name, value in buffers.items() if name in self._persistent}

    def settings(self, buffers: State) -> State:
        """The other buffers: settings of layers that draw, such as dropout rates."""
        return {name: value for name, value in buffers.items() if name not in self._persistent}


def owner_of(parameter: str) -> str:
    """The name of the layer that owns a parameter."""
    return parameter.rpartition(".")[0]


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
