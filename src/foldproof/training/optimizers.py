"""Optimizers: a table `name -> row`, each torch's own at rate 1, driven for a whole population.

All but L-BFGS are element-wise and linear in the learning rate, so that every member has its own (`ElementWise`), and
continuous in the gradient: a step by its sign (Lion, Rprop) would make a whole step of rounding noise wherever the true
gradient is next to nothing, and a member in company another network than alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from foldproof.config.optimizer import (
    Adadelta,
    Adagrad,
    Adam,
    Lbfgs,
    Momentum,
    Nadam,
    Nesterov,
    OptimizerName,
    Rmsprop,
    Sgd,
)
from foldproof.training.element_wise import ElementWise
from foldproof.training.elements import Elements
from foldproof.training.limits import FULL_BATCH, LINE_SEARCH, Limit
from foldproof.training.line_search import LineSearch
from foldproof.training.population_optimizer import Make, PopulationOptimizer, Rates
from foldproof.training.sparse_adam import SparseAdam

EVALUATIONS = 25  # of the loss that an iteration of a line search may take


@dataclass(frozen=True)
class OptimizerRow:
    """How torch's optimizer is made with rate 1, what `learning_rate: auto` means, and what the optimizer asks for.

    `decay` says how weight decay acts: coupled, `g += wd * w` after clipping; decoupled, `w *= 1 - lr * wd`; or in the
    loss, as the penalty l2. `limits` are the values of other keys that it can work with, `layer` the layers that a
    network must have. Members train one at a time where they are `alone`; layers may have rates of their own.
    """

    make: Make
    learning_rate: float
    decay: Literal["coupled", "decoupled", "loss"] = "coupled"
    limits: tuple[Limit, ...] = ()
    layer: type[nn.Module] | None = None
    alone: bool = False
    rates_by_layer: bool = True
    kind: Callable[[nn.Parameter, Make, Any, Rates, Elements], PopulationOptimizer] = ElementWise

    def over(self, matrix: nn.Parameter, block: Any, rates: Rates, elements: Elements) -> PopulationOptimizer:
        """The optimizer of a population's matrix `[P, N]`."""
        return self.kind(matrix, self.make, block, rates, elements)


def _sgd(weights: nn.Parameter, block: Sgd, _: Elements) -> torch.optim.Optimizer:  # noqa: ARG001
    """`w -= lr * g`; on all rows at once it is gradient descent."""
    return torch.optim.SGD([weights], lr=1.0, fused=True)


def _momentum(weights: nn.Parameter, block: Momentum, _: Elements) -> torch.optim.Optimizer:
    """`v = mu * v + g; w -= lr * v` (torch's form; equal to `v = mu * v - lr * g` while the rate is constant)."""
    return torch.optim.SGD([weights], lr=1.0, momentum=block.momentum, fused=True)


def _nesterov(weights: nn.Parameter, block: Nesterov, _: Elements) -> torch.optim.Optimizer:
    """`v = mu * v + g; w -= lr * (g + mu * v)`: the gradient at the look-ahead point (Nesterov 1983)."""
    return torch.optim.SGD([weights], lr=1.0, momentum=block.momentum, nesterov=True, fused=True)


def _adagrad(weights: nn.Parameter, block: Adagrad, _: Elements) -> torch.optim.Optimizer:
    """`h += g^2; w -= lr * g / (sqrt(h) + eps)` (Duchi, Hazan & Singer 2011)."""
    return torch.optim.Adagrad([weights], lr=1.0, eps=block.epsilon)


def _adadelta(weights: nn.Parameter, block: Adadelta, _: Elements) -> torch.optim.Optimizer:
    """`h` and `s` running means of g^2 and u^2; `u = sqrt(s + eps) / sqrt(h + eps) * g; w -= lr * u` (Zeiler 2012)."""
    return torch.optim.Adadelta([weights], lr=1.0, rho=block.decay, eps=block.epsilon)


def _rmsprop(weights: nn.Parameter, block: Rmsprop, _: Elements) -> torch.optim.Optimizer:
    """`h = d * h + (1 - d) * g^2; w -= lr * g / (sqrt(h) + eps)` (Tieleman & Hinton 2012)."""
    return torch.optim.RMSprop([weights], lr=1.0, alpha=block.decay, eps=block.epsilon)


def _adam(weights: nn.Parameter, block: Adam, _: Elements) -> torch.optim.Optimizer:
    """`m, h` running means of g and g^2 with bias correction; `w -= lr * m / (sqrt(h) + eps)` (Kingma & Ba 2015)."""
    return torch.optim.Adam([weights], lr=1.0, betas=block.betas, eps=block.epsilon, fused=True)


def _amsgrad(weights: nn.Parameter, block: Adam, _: Elements) -> torch.optim.Optimizer:
    """Adam with the largest `h` so far in place of `h` (Reddi, Kale & Kumar 2018)."""
    return torch.optim.Adam([weights], lr=1.0, betas=block.betas, eps=block.epsilon, amsgrad=True, fused=True)


def _nadam(weights: nn.Parameter, block: Nadam, _: Elements) -> torch.optim.Optimizer:
    """Adam with Nesterov's look-ahead in `m`, whose momentum grows to the first beta (Dozat 2016)."""
    return torch.optim.NAdam(
        [weights], lr=1.0, betas=block.betas, eps=block.epsilon, momentum_decay=block.momentum_decay
    )


def _radam(weights: nn.Parameter, block: Adam, _: Elements) -> torch.optim.Optimizer:
    """Adam that divides by the root only as far as the variance of `h` can be trusted (Liu et al. 2020)."""
    return torch.optim.RAdam([weights], lr=1.0, betas=block.betas, eps=block.epsilon)


def _lbfgs(weights: nn.Parameter, block: Lbfgs, _: Elements) -> torch.optim.Optimizer:
    """Quasi-Newton directions, line searches to the strong Wolfe conditions (Liu & Nocedal 1989)."""
    return torch.optim.LBFGS(
        [weights],
        max_iter=block.iterations,
        max_eval=EVALUATIONS * block.iterations,
        history_size=block.history,
        line_search_fn="strong_wolfe",
    )


def _sparse_adam(weights: nn.Parameter, block: Adam, elements: Elements) -> torch.optim.Optimizer:
    """Adam for which the rows of an embedding stand still, moments and all, in steps that do not meet them."""
    return SparseAdam(weights, block.betas, block.epsilon, elements.embeddings)


OPTIMIZERS: dict[OptimizerName, OptimizerRow] = {
    "gradient_descent": OptimizerRow(_sgd, 0.1, limits=FULL_BATCH),
    "sgd": OptimizerRow(_sgd, 0.1),
    "momentum": OptimizerRow(_momentum, 0.02),
    "nesterov": OptimizerRow(_nesterov, 0.02),
    "adagrad": OptimizerRow(_adagrad, 0.001),
    "adadelta": OptimizerRow(_adadelta, 1.0),
    "rmsprop": OptimizerRow(_rmsprop, 0.001),
    "adam": OptimizerRow(_adam, 0.001),
    "adamw": OptimizerRow(_adam, 0.001, decay="decoupled"),
    "nadam": OptimizerRow(_nadam, 0.001),
    "nadamw": OptimizerRow(_nadam, 0.001, decay="decoupled"),
    "radam": OptimizerRow(_radam, 0.001),
    "amsgrad": OptimizerRow(_amsgrad, 0.001),
    "lbfgs": OptimizerRow(
        _lbfgs, 1.0, decay="loss", limits=LINE_SEARCH, alone=True, rates_by_layer=False, kind=LineSearch
    ),
    "sparse_adam": OptimizerRow(_sparse_adam, 0.001, layer=nn.Embedding),
}
