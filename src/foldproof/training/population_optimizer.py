"""What every optimizer of a population is: one step for all members, each by its own rates, and a state to keep."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from foldproof.training.elements import Elements


@dataclass(frozen=True)
class Rates:
    """What acts on a member's steps, `[P]` each or None where it is off; `factor` is the schedule's, of the step."""

    learning_rate: Tensor
    factor: Callable[[int], float]
    decoupled: bool = False  # how weight decay acts
    weight_decay: Tensor | None = None
    head_rate_factor: Tensor | None = None
    old_rate_factor: Tensor | None = None  # of what was trained before
    clip_value: Tensor | None = None
    clip_norm: Tensor | None = None
    max_norm: Tensor | None = None

    def select(self, keep: Tensor) -> "Rates":
        """The members at `keep`."""
        kept: dict[str, Any] = {name: value[keep] for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **kept)


Make = Callable[[nn.Parameter, Any, Elements], torch.optim.Optimizer]


class PopulationOptimizer(torch.optim.Optimizer, ABC):
    """Steps the matrix `[P, N]` of a population."""

    _inner: torch.optim.Optimizer

    def __init__(self, matrix: nn.Parameter, rates: Rates, elements: Elements) -> None:
        super().__init__([matrix], {"lr": 1.0})
        self._matrix = matrix
        self.rates = rates
        self.elements = elements
        self.steps = 0

    def learning_rates(self) -> Tensor:
        """The learning rates `[P]` of the step to come."""
        return self.rates.learning_rate * self.rates.factor(self.steps)

    def last_learning_rates(self) -> Tensor:
        """The learning rates `[P]` of the step just made."""
        return self.rates.learning_rate * self.rates.factor(self.steps - 1)

    def begin_anew_when_thawed(self) -> None:
        """Before the step that first moves what was frozen, forget all earlier ones.

        Adam's running means would begin at 0 but be corrected as if they were old: its first steps would be of other
        lengths than the rate, after many frozen ones several times as long.
        """
        frozen = self.elements.frozen
        if frozen is not None and self.steps == frozen.until:
            self._inner.state.clear()

    @abstractmethod
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Compute losses and gradients by `closure`, then move every member by its own rate."""

    @abstractmethod
    def state_tensors(self) -> dict[str, Tensor]:
        """What it remembers of earlier steps, by name."""

    @abstractmethod
    def restore(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on after so many steps with tensors that `state_tensors` gave."""

    @abstractmethod
    def compact(self, keep: Tensor) -> None:
        """Keep the members at `keep`, after the matrix has lost the others."""
