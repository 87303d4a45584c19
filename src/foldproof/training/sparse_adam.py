"""Adam for networks with embeddings: rows of a table that a step does not meet stand still, moments and all.

In a population gradients are dense, `[P, N]`; a row that no input named has gradients of exactly zero. What torch's
SparseAdam does with a sparse gradient is done here with a mask, so that all members step at once.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from foldproof.training.elements import Block


class SparseAdam(torch.optim.Optimizer):
    """`torch.optim.SparseAdam` on the rows of embeddings in `[P, N]`, `torch.optim.Adam` on all else, at rate 1.

    A row whose gradient is zero in every element counts as not met. Bias is corrected by the number of all steps, and
    for embeddings epsilon is added before that correction, as torch has it.
    """

    def __init__(
        self, weights: nn.Parameter, betas: tuple[float, float], epsilon: float, embeddings: Iterable[Block]
    ) -> None:
        super().__init__([weights], {"lr": 1.0})
        self._weights, self._betas, self._epsilon = weights, betas, epsilon
        self._embeddings = tuple(embeddings)
        self._in_embeddings = torch.zeros_like(weights[0], requires_grad=False)
        for start, rows, width in self._embeddings:
            self._in_embeddings[start : start + rows * width] = 1.0

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # noqa: ARG002
        """One step along the gradient `[P, N]`."""
        weights, (first, second) = self._weights, self._betas
        gradient = weights.grad
        assert gradient is not None
        state = self.state[weights]
        if not state:
            state |= {
                "step": torch.zeros(()),
                "exp_avg": torch.zeros_like(weights),
                "exp_avg_sq": torch.zeros_like(weights),
            }
        state["step"] += 1
        count = state["step"].item()
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        met = self._met(gradient)
        mean.add_((gradient - mean).mul_(met), alpha=1 - first)
        square.add_((gradient.square() - square).mul_(met), alpha=1 - second)
        correction = (1 - second**count) ** 0.5
        epsilon = self._epsilon * (correction + (1 - correction) * self._in_embeddings)
        weights.addcdiv_(mean * met, square.sqrt().add_(epsilon), value=-correction / (1 - first**count))

    def _met(self, gradient: Tensor) -> Tensor:
        """1 for the elements that this step moves, 0 for rows of embeddings that it does not meet, `[P, N]`."""
        met = torch.ones_like(gradient)
        for start, rows, width in self._embeddings:
            part = slice(start, start + rows * width)
            touched = (gradient[:, part].reshape(-1, rows, width) != 0).any(2, keepdim=True)
            met[:, part].view(-1, rows, width).mul_(touched)
        return met
