"""Layers of all members in one native call each: a table `layer type -> Folded`.

Rows are folded: `[B, P*C, ...]`, the members side by side on the channel axis, so that element-wise layers and pooling
run unchanged, batch normalisation is one over P*C channels, a convolution one with P groups, an affine map one batched
product. This saves what `vmap` costs a step, and the copies between its layouts. On a CPU images lie channels last:
pooling, normalisation and thin convolutions are several times faster so. What is not in the table runs under `vmap`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap

from foldproof import randomness
from foldproof.model.dropout import AlphaDropout, DropConnect, Dropout, SpatialDropout, StochasticDepth, alpha_dropped
from foldproof.model.embedding import Embedded, Lookup
from foldproof.model.layers import Maxout, Mean2d, ResidualBlock
from foldproof.model.linear import stacked_linear

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Owned:
    """What P members own of one layer: parameters and buffers `[P, ...]`, and where its gradients may be written."""

    members: int
    tensors: Tensors
    gradients: Tensors

    def joined(self, name: str) -> Tensor:
        """A tensor `[P, C, ...]` as `[P*C, ...]`.

        Contiguous, since torch's backward of batch normalisation on a CPU takes a weight to be so: with C = 1 it would
        read the members' neighbours in the matrix.
        """
        return self.tensors[name].flatten(0, 1).contiguous()

    def within(self, part: str) -> "Owned":
        """What they own of a part of the layer."""
        tensors, gradients = (
            {name.removeprefix(f"{part}."): one for name, one in all_.items() if name.startswith(f"{part}.")}
            for all_ in (self.tensors, self.gradients)
        )
        return Owned(self.members, tensors, gradients)


@dataclass(frozen=True)
class Folded:
    """`apply(layer, owned, rows)` on folded rows; `fits` says which layers of the type it is made for."""

    apply: Callable[[Any, Owned, Tensor], Tensor]
    fits: Callable[[Any], bool] = lambda _: True


def fold(rows: Tensor) -> Tensor:
    """`[P, B, *shape] -> [B, P*shape[0], *shape[1:]]`."""
    return rows.transpose(0, 1).flatten(1, 2) if rows.dim() > 2 else rows.t()


def unfold(rows: Tensor, members: int) -> Tensor:
    """`[B, P*C, ...] -> [P, B, C, ...]`."""
    apart: Tensor = rows.unflatten(1, (members, rows.shape[1] // members)).transpose(0, 1)
    return apart


def run(layer: nn.Module, owned: Owned, rows: Tensor) -> Tensor:
    """One layer on folded rows: by the table, or where that does not know it under `vmap`."""
    row = FOLDED.get(type(layer))
    if row is None or not row.fits(layer) or has_hooks(layer):
        return by_vmap(layer, owned, rows)
    return row.apply(layer, owned, rows)


def pooled_first(layers: list[tuple[str, nn.Module]]) -> list[tuple[str, nn.Module]]:
    """ReLU and the maximum of a window trade places: the same values and gradients on a fraction of the elements."""
    ordered = list(layers)
    for place, ((_, one), (_, next_one)) in enumerate(pairwise(layers)):
        if type(one) is nn.ReLU and type(next_one) is nn.MaxPool2d and not (has_hooks(one) or has_hooks(next_one)):
            ordered[place : place + 2] = ordered[place + 1], ordered[place]
    return ordered


def by_vmap(layer: nn.Module, owned: Owned, rows: Tensor) -> Tensor:
    """Any module, by its own forward pass, one member's rows `[B, ...]` at a time."""

    def one(tensors: Tensors, own: Tensor, key: Tensor | None) -> Tensor:
        with randomness.drawing(key):
            outputs: Tensor = functional_call(layer, tensors, (own,))
        return outputs

    keys = randomness.current_key() if layer.training else None
    in_dims = (0, 0, None if keys is None else 0)
    return fold(vmap(one, in_dims)(owned.tensors, unfold(rows, owned.members), keys))


def _flatten(_: nn.Flatten, owned: Owned, rows: Tensor) -> Tensor:  # noqa: ARG001
    return rows.flatten(1)


def _linear(_: nn.Linear, owned: Owned, rows: Tensor) -> Tensor:
    return stacked_linear(rows, owned.tensors["weight"], owned.tensors.get("bias"), owned.gradients.get("weight"))


def _embedded(layer: Embedded, owned: Owned, rows: Tensor) -> Tensor:
    numbers, codes = layer.parted(rows.unflatten(1, (owned.members, -1)))
    found = [numbers]
    for place, table in enumerate(f"tables.{number}.weight" for number in range(codes.shape[-1])):
        vectors: Tensor = Lookup.apply(  # type: ignore[no-untyped-call]
            owned.tensors[table], codes[..., place], owned.gradients.get(table)
        )
        found.append(layer.held(place, codes[..., place], vectors))
    return torch.cat(found, -1).flatten(1)


def _convolution(layer: nn.Conv2d, owned: Owned, rows: Tensor) -> Tensor:
    bias = None if layer.bias is None else owned.joined("bias")
    groups = owned.members * layer.groups
    if rows.device.type == "cpu":
        rows = rows.contiguous(memory_format=torch.channels_last)  # and so it stays, until a layer flattens it
    return F.conv2d(rows, owned.joined("weight"), bias, layer.stride, layer.padding, layer.dilation, groups)


def _batch_norm(layer: nn.BatchNorm1d | nn.BatchNorm2d, owned: Owned, rows: Tensor) -> Tensor:
    """Training updates the running averages in place, as the layer itself would."""
    mean, variance = (owned.tensors[name].view(-1) for name in ("running_mean", "running_var"))
    if layer.training:
        owned.tensors["num_batches_tracked"].add_(1)
    weight, bias = owned.joined("weight"), owned.joined("bias")
    assert layer.momentum is not None
    return F.batch_norm(rows, mean, variance, weight, bias, layer.training, layer.momentum, layer.eps)


def _dropout(layer: Dropout, owned: Owned, rows: Tensor) -> Tensor:
    """Rows times 0 or 1 / (1 - rate); every member draws for its own elements `[B, C, ...]`, counted in that order."""
    if not layer.training:
        return rows
    kept = _kept(layer, owned, rows)
    scale = (1 / (1 - owned.tensors["rate"])).reshape(-1, *(1,) * (kept.dim() - 1))
    return rows * _over_channels(_product(kept, scale, rows), owned, rows)


def _alpha_dropout(layer: AlphaDropout, owned: Owned, rows: Tensor) -> Tensor:
    if not layer.training:
        return rows
    kept = fold(_kept(layer, owned, rows))
    rate = owned.tensors["rate"].repeat_interleave(rows.shape[1] // owned.members)
    return alpha_dropped(rows, kept, rate.reshape(-1, *(1,) * (rows.dim() - 2)).to(rows.dtype))


def _drop_connect(layer: DropConnect, owned: Owned, rows: Tensor) -> Tensor:
    """The layer inside, with one mask a member on its weights `[P, O, I, ...]`."""
    inner = owned.within("layer")
    if layer.training:
        weight, rate = inner.tensors["weight"], owned.tensors["rate"]
        kept = randomness.at_least(randomness.key_at(layer.place), tuple(weight.shape[1:]), rate)
        scale = (1 / (1 - rate)).reshape(-1, *(1,) * (weight.dim() - 1)).to(weight.dtype)
        inner = Owned(owned.members, inner.tensors | {"weight": weight * (kept * scale)}, {})
    return run(layer.layer, inner, rows)


def _kept(layer: Dropout, owned: Owned, rows: Tensor) -> Tensor:
    """Whether elements of folded rows are kept, unfolded: `[P, B, C, ...]`, or 1 where an axis is kept as a whole."""
    shape = layer.mask_shape((rows.shape[0], rows.shape[1] // owned.members, *rows.shape[2:]))
    return randomness.at_least(randomness.key_at(layer.place), shape, owned.tensors["rate"])


def _over_channels(mask: Tensor, owned: Owned, rows: Tensor) -> Tensor:
    """A folded mask with one number a row and member, `[B, P, ...]`, as one with one a channel, `[B, P*C, ...]`."""
    if mask.shape[1] == rows.shape[1]:
        return mask
    return mask.repeat_interleave(rows.shape[1] // owned.members, dim=1)


def _product(kept: Tensor, scale: Tensor, like: Tensor) -> Tensor:
    """`kept * scale` `[P, B, C, ...]`, folded; numpy does this in a tenth of torch's time."""
    if like.device.type != "cpu":
        return fold(kept * scale).to(like.dtype)
    product = np.empty((kept.shape[1], kept.shape[0], *kept.shape[2:]), scale.numpy().dtype)
    np.multiply(kept.numpy(), scale.numpy(), out=product.swapaxes(0, 1))
    return torch.from_numpy(product).flatten(1, 2).to(like.dtype)


def _group_norm(layer: nn.GroupNorm, owned: Owned, rows: Tensor) -> Tensor:
    """Torch 2.13 crashes in the backward of images that lie channels last and need no gradient: they are laid anew."""
    weight, bias = owned.joined("weight"), owned.joined("bias")
    rows = rows if rows.requires_grad else rows.contiguous()
    return F.group_norm(rows, owned.members * layer.num_groups, weight, bias, layer.eps)


def _prelu(_: nn.PReLU, owned: Owned, rows: Tensor) -> Tensor:
    """One slope a channel, or one for all of a member's."""
    slopes = owned.joined("weight")
    return F.prelu(rows, slopes.repeat_interleave(rows.shape[1] // len(slopes)))


def _chain(layers: nn.Sequential, owned: Owned, rows: Tensor) -> Tensor:
    for name, layer in layers._modules.items():
        assert layer is not None
        rows = run(layer, owned.within(name), rows)
    return rows


def _residual(layer: ResidualBlock, owned: Owned, rows: Tensor) -> Tensor:
    shortcut = run(layer.shortcut, owned.within("shortcut"), rows)
    return shortcut + run(layer.branch, owned.within("branch"), rows)


def _unchanged(layer: nn.Module, owned: Owned, rows: Tensor) -> Tensor:  # noqa: ARG001
    """Layers that see one element or one channel at a time do not notice how many members there are."""
    outputs: Tensor = layer(rows)
    return outputs


def _keeps_averages(layer: nn.BatchNorm1d | nn.BatchNorm2d) -> bool:
    return layer.affine and layer.track_running_stats and layer.momentum is not None


UNCHANGED: tuple[type[nn.Module], ...] = (
    *(nn.Identity, nn.Sigmoid, nn.Tanh, nn.Hardtanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU),
    *(nn.Softplus, Maxout, nn.AvgPool2d, Mean2d),
)
FOLDED: dict[type[nn.Module], Folded] = {
    nn.Flatten: Folded(_flatten, lambda layer: (layer.start_dim, layer.end_dim) == (1, -1)),
    nn.Linear: Folded(_linear),
    Embedded: Folded(_embedded),
    nn.Conv2d: Folded(_convolution, lambda layer: layer.padding_mode == "zeros"),
    nn.BatchNorm1d: Folded(_batch_norm, _keeps_averages),
    nn.BatchNorm2d: Folded(_batch_norm, _keeps_averages),
    nn.GroupNorm: Folded(_group_norm, lambda layer: layer.affine),
    Dropout: Folded(_dropout),
    SpatialDropout: Folded(_dropout),
    StochasticDepth: Folded(_dropout),
    AlphaDropout: Folded(_alpha_dropout),
    DropConnect: Folded(_drop_connect),
    nn.Sequential: Folded(_chain),
    ResidualBlock: Folded(_residual),
    nn.PReLU: Folded(_prelu),
    nn.MaxPool2d: Folded(_unchanged, lambda layer: not layer.return_indices),
    **dict.fromkeys(UNCHANGED, Folded(_unchanged)),
}


def has_hooks(layer: nn.Module) -> bool:
    """Whether user code wants to be called around this layer, for which it must run by itself."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks)
