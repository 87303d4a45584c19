"""Losses with something wrong in them, planted in the table in place of the one that is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from foldproof.model.stacked import State
from foldproof.training.losses import LOSSES, RowLosses


@contextmanager
def in_place_of_cross_entropy(of_rows: RowLosses) -> Iterator[None]:
    """While it is planted, cross-entropy of classes is this."""
    rows = LOSSES["cross_entropy"]
    sound = rows["classification"]
    rows["classification"] = replace(sound, of_rows=of_rows)
    try:
        yield
    finally:
        rows["classification"] = sound


class _OfWrongGradient(torch.autograd.Function):
    """`-log softmax(o)_t`, whose gradient `p - onehot` is taken times `factor`, and `onehot` times `hit`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(outputs: Tensor, targets: Tensor, factor: float, hit: float) -> Tensor:  # noqa: ARG004
        return -outputs.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, float, float], output: Tensor) -> None:  # noqa: ARG004
        outputs, targets, ctx.factor, ctx.hit = inputs
        ctx.save_for_backward(outputs, targets)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        outputs, targets = ctx.saved_tensors
        onehot = torch.nn.functional.one_hot(targets, outputs.shape[-1]).to(outputs.dtype)
        return gradients[0].unsqueeze(-1) * ctx.factor * (outputs.softmax(-1) - ctx.hit * onehot), None, None, None


def label_forgotten_in_the_gradient(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:  # noqa: ARG001
    """The gradient is `p`, not `p - onehot`."""
    found: Tensor = _OfWrongGradient.apply(outputs, targets, 1.0, 0.0)  # type: ignore[no-untyped-call]
    return found


def gradient_a_little_too_large(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:  # noqa: ARG001
    """The gradient is 2 % too large."""
    found: Tensor = _OfWrongGradient.apply(outputs, targets, 1.02, 1.0)  # type: ignore[no-untyped-call]
    return found


def labels_ignored(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:  # noqa: ARG001
    """Whatever the label is, the first class is wanted."""
    return -outputs.log_softmax(-1)[..., 0]


def sign_forgotten(outputs: Tensor, targets: Tensor, settings: State) -> Tensor:  # noqa: ARG001
    """`log p` of the label, which falls as the label becomes less likely."""
    return outputs.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
