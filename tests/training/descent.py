"""Small functions to descend on, and ways down them by our optimizers: what the tests of optimization share."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from foldproof.config.optimizer import Optimizer, OptimizerName
from foldproof.training.elements import Elements
from foldproof.training.optimizers import OPTIMIZERS
from foldproof.training.population_optimizer import PopulationOptimizer, Rates

Loss = Callable[[Tensor], Tensor]
START = torch.linspace(-1, 2, 12, dtype=torch.float64).reshape(3, 4)
RATES = torch.tensor([0.002, 0.01, 0.03], dtype=torch.float64)


def banana_and_bowl(weights: Tensor) -> Tensor:
    """No symmetry between elements, no member like another: losses `[P]` of weights `[P, 4]`."""
    first, second, third, fourth = weights.unbind(-1)
    return (1 - first) ** 2 + 5 * (second - first**2) ** 2 + (third - 2) ** 2 + (0.3 * fourth) ** 4


def falling(step: int) -> float:
    return 1 / (1 + 0.01 * step)


def steady(step: int) -> float:  # noqa: ARG001
    return 1.0


def all_weights(matrix: Tensor) -> Elements:
    """Every element a weight, none of the output layer."""
    return Elements(torch.ones_like(matrix[0]), torch.zeros_like(matrix[0]))


def optimizer_over(
    name: OptimizerName,
    matrix: nn.Parameter,
    rates: Rates,
    elements: Elements | None = None,
    blocks: Optimizer | None = None,
) -> PopulationOptimizer:
    block = getattr(blocks or Optimizer(), name)
    return OPTIMIZERS[name].over(matrix, block, rates, elements or all_weights(matrix.detach()))


def descend(optimizer: PopulationOptimizer, matrix: nn.Parameter, loss: Loss, steps: int) -> None:
    """So many steps, each through a closure as Lightning gives it."""

    def closure() -> Tensor:
        optimizer.zero_grad()
        total = loss(matrix).sum()
        total.backward()
        return total

    for _ in range(steps):
        optimizer.step(closure)


def descended(
    name: OptimizerName, loss: Loss, start: Tensor, steps: int, rates: Rates, elements: Elements | None = None
) -> Tensor:
    """Where the members stand after so many steps; those who must train alone do."""
    if not OPTIMIZERS[name].alone:
        matrix = nn.Parameter(start.clone())
        descend(optimizer_over(name, matrix, rates, elements), matrix, loss, steps)
        return matrix.detach()
    ends = []
    for member in range(len(start)):
        matrix = nn.Parameter(start[[member]])
        descend(optimizer_over(name, matrix, rates.select(torch.tensor([member])), elements), matrix, loss, steps)
        ends.append(matrix.detach())
    return torch.cat(ends)


def legal_for(name: OptimizerName, settings: dict[str, Any]) -> dict[str, Any]:
    """Those of the rates `weight_decay`, `clip_norm`, `clip_value`, ... that this optimizer works with."""
    row = OPTIMIZERS[name]
    keys = {limit.key.rpartition(".")[2].removeprefix("gradient_") for limit in row.limits}
    if row.decay == "loss":
        keys.add("weight_decay")
    return {setting: value for setting, value in settings.items() if setting not in keys}


def together(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
