"""What the layers of a population put out, to be looked at: beside training, and in no part of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from foldproof.model.stacked import StackedNetwork, State

Look = Callable[[nn.Module, Tensor], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Ends:
    """The lowest and the highest output of an activation; at an end hardly any gradient passes."""

    low: float
    high: float


BOUNDED: dict[type[nn.Module], Ends] = {
    nn.Sigmoid: Ends(0.0, 1.0),
    nn.Tanh: Ends(-1.0, 1.0),
    nn.Hardtanh: Ends(-1.0, 1.0),
}
RECTIFIED: tuple[type[nn.Module], ...] = (nn.ReLU,)  # 0 below 0: a unit that is 0 for every row learns nothing


def dead_share(outputs: Tensor) -> Tensor:
    """The share `[]` of the units, or channels, of `outputs` `[B, C, ...]` that are 0 for every row and pixel."""
    return (outputs == 0).transpose(0, 1).flatten(1).all(1).double().mean()


def end_share(outputs: Tensor, ends: Ends, within: float) -> Tensor:
    """The share `[]` of `outputs` that are nearer to an end than `within` of the range."""
    margin = within * (ends.high - ends.low)
    return ((outputs < ends.low + margin) | (outputs > ends.high - margin)).double().mean()


@torch.no_grad()
def observe(
    network: StackedNetwork,
    matrix: Tensor,
    buffers: State,
    rows: Tensor,
    look: Look,
    resting: frozenset[str] = frozenset(),
) -> dict[str, dict[str, Tensor]]:
    """What `look(layer, outputs [B, ...])` finds of each layer without layers of its own, `[P, ...]`.

    It is told by the layer's name and kind, such as `2 (ReLU)`, in the order of the calls; a layer that is called once
    more is one more, `2 (ReLU), call 2`. Layers see the rows `[P, B, *shape]` as they would in training, normalised
    over the batch unless they are `resting`, but nothing is dropped, and running averages stay as they are. What puts
    out anything but one tensor `[B, ...]` is passed over.
    """
    tensors = {**network.layout.unfold(matrix), **{name: value.clone() for name, value in buffers.items()}}
    with network.looked_at(resting) as template:
        names = {
            layer: f"{name} ({type(layer).__name__})".strip()
            for name, layer in template.named_modules()
            if not any(layer.children())
        }
        found: dict[str, dict[str, Tensor]] = {}
        calls = Counter[nn.Module]()

        def keep(layer: nn.Module, _: object, outputs: object) -> None:
            calls[layer] += 1
            if isinstance(outputs, Tensor) and outputs.dim() > 1 and (seen := look(layer, outputs)):
                found[names[layer] + (f", call {calls[layer]}" if calls[layer] > 1 else "")] = dict(seen)

        def one(own: State, seen_rows: Tensor) -> dict[str, dict[str, Tensor]]:
            found.clear()
            calls.clear()
            functional_call(template, own, (seen_rows,))
            return dict(found)

        hooks = [layer.register_forward_hook(keep) for layer in names]
        try:
            return vmap(one)(tensors, rows)
        finally:
            for hook in hooks:
                hook.remove()
