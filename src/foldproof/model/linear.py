"""The affine map of P members on folded rows `[B, P*K]`, whose weight gradient is written where it is wanted."""

from typing import Any

import torch
from torch import Tensor


def stacked_linear(rows: Tensor, weight: Tensor, bias: Tensor | None, into: Tensor | None) -> Tensor:
    """`y[b, p] = W[p] x[b, p] + c[p]` for rows `[B, P*K]`, weight `[P, O, K]`, bias `[P, O]`: `[B, P*O]`.

    The gradient of the weight is computed into `into` `[P, O, K]` where that is given: for many members copying it
    there afterwards costs more than the product. Under autocast torch's own operators are used, which it can cast.
    """
    members = weight.shape[0]
    if torch.is_autocast_enabled(rows.device.type):
        stacked, transposed = _stacked(rows, members), weight.transpose(1, 2)
        given = torch.bmm(stacked, transposed) if bias is None else torch.baddbmm(bias[:, None], stacked, transposed)
        return given.transpose(0, 1).flatten(1)
    product: Tensor = _Product.apply(rows, weight, into)  # type: ignore[no-untyped-call]
    return product if bias is None else product + bias.flatten()


class _Product(torch.autograd.Function):
    """`y[b, p] = W[p] x[b, p]`, with results and gradients laid out as they are needed next, without copies."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, into: Tensor | None) -> Tensor:
        """`[B, P*O]` of rows `[B, P*K]` and weight `[P, O, K]`."""
        ctx.save_for_backward(rows, weight)
        ctx.into = into
        members, outputs, _ = weight.shape
        product = rows.new_empty(rows.shape[0], members, outputs)
        torch.bmm(_stacked(rows, members), weight.transpose(1, 2), out=product.transpose(0, 1))
        return product.flatten(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        """Gradients of rows `[B, P*K]` and weight `[P, O, K]`."""
        rows, weight = ctx.saved_tensors
        members, _, inputs = weight.shape
        gradient = _stacked(gradients[0], members)
        of_rows = of_weight = None
        if ctx.needs_input_grad[0]:
            of_rows = rows.new_empty(rows.shape[0], members, inputs)
            torch.bmm(gradient, weight, out=of_rows.transpose(0, 1))
            of_rows = of_rows.flatten(1)
        if ctx.needs_input_grad[1]:
            of_weight = torch.empty_like(weight) if ctx.into is None else ctx.into
            torch.bmm(gradient.transpose(1, 2), _stacked(rows, members), out=of_weight)
        return of_rows, of_weight, None


def _stacked(rows: Tensor, members: int) -> Tensor:
    """`[B, P*K] -> [P, B, K]`, a view."""
    return rows.reshape(rows.shape[0], members, rows.shape[1] // members).transpose(0, 1)
