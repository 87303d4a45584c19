"""What is minimised, and how, as plain values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foldproof.training.heads import Head
from foldproof.training.optimizers import OptimizerRow


@dataclass(frozen=True)
class Objective:
    """The losses of all targets, and the optimizer that lowers their sum."""

    heads: tuple[Head, ...]  # one a target
    optimizer: OptimizerRow
    block: Any  # the optimizer's settings
    factor_of_epochs: Callable[[float], float]  # on the learning rate
    acting: frozenset[str]  # the settings of members that are on
