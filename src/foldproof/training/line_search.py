"""L-BFGS over one member: it looks at the loss along its direction, so that nobody else may be in it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from foldproof.training.elements import Elements
from foldproof.training.population_optimizer import Make, PopulationOptimizer, Rates

_NUMBERS = {"func_evals": int, "n_iter": int, "t": float, "prev_loss": float}
_HISTORIES = ("old_dirs", "old_stps", "ro")
_TENSORS = ("d", "prev_flat_grad", "H_diag")


class LineSearch(PopulationOptimizer):
    """Drives `torch.optim.LBFGS` on the matrix `[1, N]` itself; the closure is called as often as the search asks."""

    def __init__(self, matrix: nn.Parameter, make: Make, block: Any, rates: Rates, elements: Elements) -> None:
        super().__init__(matrix, rates, elements)
        if len(matrix) != 1:
            raise ValueError(f"{len(matrix)} members in one line search; each needs its own")
        self._inner = make(matrix, block, elements)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of the inner optimizer; returns the loss before it."""
        self.begin_anew_when_thawed()
        self._inner.param_groups[0]["lr"] = self.learning_rates().item()
        assert closure is not None
        loss = self._inner.step(closure)
        self.steps += 1
        return loss

    def state_tensors(self) -> dict[str, Tensor]:
        """The history of directions and steps, stacked, and the numbers beside it; none of them before they exist."""
        state = self._inner.state[self._matrix]
        kept = {name: torch.tensor(float(state[name]), dtype=torch.float64) for name in _NUMBERS if name in state}
        kept |= {name: torch.stack(state[name]) for name in _HISTORIES if state.get(name)}
        return kept | {name: torch.as_tensor(state[name]) for name in _TENSORS if name in state}

    def restore(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on after so many steps with tensors that `state_tensors` gave."""
        state = self._inner.state[self._matrix]
        place = self._matrix.device
        for name, value in tensors.items():
            if name in _NUMBERS:
                state[name] = _NUMBERS[name](value.item())
            elif name in _HISTORIES:
                # clones lie in memory as the ones that were taken: sums round by alignment
                state[name] = [one.clone() for one in value.to(place)]
            else:
                state[name] = value.to(place)
        if "d" in tensors:
            state |= {name: [] for name in _HISTORIES if name not in tensors}
        self.steps = steps

    def compact(self, keep: Tensor) -> None:
        """Nothing, since its one member is kept."""
        assert len(keep) == 1
