"""Optimizers of populations: element-wise ones of torch.optim, with learning rate, decay and clipping a member.

An element-wise update is linear in the learning rate, so torch's optimizer steps with rate 1 from a zeroed stand-in `u`
of the matrix `[P, N]`, and `w += lr[m] * u` follows: every member has its own rate, and all of them one fused step.
What reads the weights, decay, is applied here: coupled, `g += wd * w` after clipping; decoupled, `w *= 1 - lr * wd`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from foldproof.config.optimizer import Adam, Momentum, Nesterov, OptimizerName, Sgd

Make = Callable[[list[nn.Parameter], Any], torch.optim.Optimizer]


@dataclass(frozen=True)
class OptimizerRow:
    """How torch's optimizer is made with rate 1, what `learning_rate: auto` means, and how decay is applied."""

    make: Make
    learning_rate: float
    decoupled: bool = False


def _sgd(parameters: list[nn.Parameter], block: Sgd) -> torch.optim.Optimizer:  # noqa: ARG001
    """`w -= lr * g`."""
    return torch.optim.SGD(parameters, lr=1.0, fused=True)


def _momentum(parameters: list[nn.Parameter], block: Momentum) -> torch.optim.Optimizer:
    """`v = mu * v + g; w -= lr * v` (torch's form; equal to `v = mu * v - lr * g` while the rate is constant)."""
    return torch.optim.SGD(parameters, lr=1.0, momentum=block.momentum, fused=True)


def _nesterov(parameters: list[nn.Parameter], block: Nesterov) -> torch.optim.Optimizer:
    """`v = mu * v + g; w -= lr * (g + mu * v)`: the gradient at the look-ahead point (Nesterov 1983)."""
    return torch.optim.SGD(parameters, lr=1.0, momentum=block.momentum, nesterov=True, fused=True)


def _adam(parameters: list[nn.Parameter], block: Adam) -> torch.optim.Optimizer:
    """`m, h` running means of g and g^2 with bias correction; `w -= lr * m / (sqrt(h) + eps)` (Kingma & Ba 2015)."""
    return torch.optim.Adam(parameters, lr=1.0, betas=block.betas, eps=block.epsilon, fused=True)


OPTIMIZERS: dict[OptimizerName, OptimizerRow] = {
    "sgd": OptimizerRow(_sgd, 0.1),
    "momentum": OptimizerRow(_momentum, 0.02),
    "nesterov": OptimizerRow(_nesterov, 0.02),
    "adam": OptimizerRow(_adam, 0.001),
    "adamw": OptimizerRow(_adam, 0.001, decoupled=True),
}


@dataclass(frozen=True)
class Rates:
    """Per member: base learning rate and weight decay `[P]`, largest gradient norm `[P]` or None; factor of a step."""

    learning_rate: Tensor
    weight_decay: Tensor | None
    clip_norm: Tensor | None
    factor: Callable[[int], float]

    def select(self, keep: Tensor) -> "Rates":
        """The members at `keep`."""
        decay = None if self.weight_decay is None else self.weight_decay[keep]
        clip = None if self.clip_norm is None else self.clip_norm[keep]
        return Rates(self.learning_rate[keep], decay, clip, self.factor)


class PopulationOptimizer(torch.optim.Optimizer):
    """Steps the matrix `[P, N]` of a population; `decayed` `[N]` is 1 where weight decay acts."""

    def __init__(self, matrix: nn.Parameter, row: OptimizerRow, block: Any, rates: Rates, decayed: Tensor) -> None:
        super().__init__([matrix], {"lr": 1.0})
        self._matrix = matrix
        self._update = nn.Parameter(torch.zeros_like(matrix))
        self._inner = row.make([self._update], block)
        self._decoupled = row.decoupled
        self._decayed = decayed
        self.rates = rates
        self.steps = 0

    def learning_rates(self) -> Tensor:
        """The learning rates `[P]` of the step to come."""
        return self.rates.learning_rate * self.rates.factor(self.steps)

    def last_learning_rates(self) -> Tensor:
        """The learning rates `[P]` of the step just made."""
        return self.rates.learning_rate * self.rates.factor(self.steps - 1)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Compute gradients by `closure`, then move every member by its own rate."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        gradient = self._matrix.grad
        assert gradient is not None
        rate = self.learning_rates().unsqueeze(1)
        if self.rates.clip_norm is not None:
            gradient.mul_(clip_factors(gradient, self.rates.clip_norm))
        if self.rates.weight_decay is not None:
            decay = self.rates.weight_decay.unsqueeze(1) * self._decayed
            if self._decoupled:
                self._matrix.mul_(1 - rate * decay)
            else:
                gradient.addcmul_(decay, self._matrix)
        self._update.zero_()
        self._update.grad = gradient
        self._inner.step()
        self._matrix.addcmul_(self._update, rate)
        self.steps += 1
        return loss

    def state_tensors(self) -> dict[str, Tensor]:
        """What the inner optimizer remembers of earlier steps, by name."""
        return {name: value for name, value in self._inner.state[self._update].items() if isinstance(value, Tensor)}

    def restore(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on after so many steps with tensors that `state_tensors` gave."""
        self._inner.load_state_dict({"state": {0: tensors}, "param_groups": self._inner.state_dict()["param_groups"]})
        self.steps = steps

    @torch.no_grad()
    def compact(self, keep: Tensor) -> None:
        """Keep the members at `keep`: state tensors `[P, N]` lose the other rows, the shared step count stays."""
        self._update.data = self._update.data[keep]
        self._update.grad = None
        for state in self._inner.state.values():
            for name, value in state.items():
                if isinstance(value, Tensor) and value.dim():
                    state[name] = value[keep]
        self.rates = self.rates.select(keep)


def clip_factors(gradient: Tensor, largest: Tensor) -> Tensor:
    """`min(1, largest / (norm + 1e-6))` of each member's own gradient, `[P, 1]`, as torch's clip_grad_norm_ has it."""
    norms = torch.linalg.vector_norm(gradient, dim=1)
    factors: Tensor = (largest / (norms + 1e-6)).clamp(max=1.0)
    return factors.unsqueeze(1)
