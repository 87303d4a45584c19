"""Element-wise optimizers over a population: one step of torch's, and a learning rate, decay and clipping a member.

An element-wise update is linear in the learning rate, so torch's optimizer steps with rate 1 from a zeroed stand-in `u`
of the matrix `[P, N]`, and `w += lr[m] * u` follows: every member has its own rate, and all of them one step.
What reads the weights, decay, is applied here: coupled, `g += wd * w` after clipping; decoupled, `w *= 1 - lr * wd`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from foldproof.training.constraints import clip_norms, clip_values, limit_norms
from foldproof.training.elements import Elements
from foldproof.training.population_optimizer import Make, PopulationOptimizer, Rates


class ElementWise(PopulationOptimizer):
    """Drives what `make` gives, on a stand-in for the matrix."""

    def __init__(self, matrix: nn.Parameter, make: Make, block: Any, rates: Rates, elements: Elements) -> None:
        super().__init__(matrix, rates, elements)
        self._update = nn.Parameter(torch.zeros_like(matrix))
        self._inner = make(self._update, block, elements)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Compute gradients by `closure`, then move every member by its own rate."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        gradient = self._matrix.grad
        assert gradient is not None
        self.begin_anew_when_thawed()
        rates, rate, elements = self.rates, self._rates_of_elements(), self.elements.at(self.steps)
        if rates.clip_value is not None:
            clip_values(gradient, rates.clip_value)
        if rates.clip_norm is not None:
            clip_norms(gradient, rates.clip_norm)
        if rates.weight_decay is not None:
            decay = rates.weight_decay.unsqueeze(1) * elements.weights
            if rates.decoupled:
                self._matrix.mul_(1 - rate * decay)
            else:
                gradient.addcmul_(decay, self._matrix)
        self._update.zero_()
        self._update.grad = gradient
        self._inner.step()
        self._matrix.addcmul_(self._update, rate)
        if rates.max_norm is not None:
            limit_norms(self._matrix, rates.max_norm, elements.units)
        self.steps += 1
        return loss

    def _rates_of_elements(self) -> Tensor:
        """The learning rates of the step to come, `[P, 1]`, or `[P, N]` where some layers have their own."""
        rate = self.learning_rates().unsqueeze(1)
        if self.rates.head_rate_factor is not None:
            rate = rate * _where(self.elements.head, self.rates.head_rate_factor)
        if self.rates.old_rate_factor is not None:
            assert self.elements.old is not None
            rate = rate * _where(self.elements.old, self.rates.old_rate_factor)
        return rate

    def state_tensors(self) -> dict[str, Tensor]:
        """What the inner optimizer remembers of earlier steps: `[P, N]` each, or a number that all members share."""
        return {name: value for name, value in self._inner.state[self._update].items() if isinstance(value, Tensor)}

    def restore(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on after so many steps with tensors that `state_tensors` gave.

        Not by `load_state_dict`, which would round shared numbers to another precision. Those lie where torch itself
        puts them: beside the weights for fused optimizers, else on the CPU.
        """
        device, fused = self._update.device, self._inner.defaults.get("fused")
        self._inner.state[self._update] = {
            name: value.to(device) if value.dim() or fused else value for name, value in tensors.items()
        }
        self.steps = steps

    @torch.no_grad()
    def compact(self, keep: Tensor) -> None:
        """Keep the members at `keep`: state tensors `[P, N]` lose the other rows, shared numbers stay."""
        self._update.data = self._update.data[keep]
        self._update.grad = None
        for state in self._inner.state.values():
            for name, value in state.items():
                if isinstance(value, Tensor) and value.dim():
                    state[name] = value[keep]
        self.rates = self.rates.select(keep)


def _where(marked: Tensor, factor: Tensor) -> Tensor:
    """`factor` `[P]` where `marked` `[N]` is 1, and 1 elsewhere, `[P, N]`."""
    return 1 + (factor.unsqueeze(1) - 1) * marked
