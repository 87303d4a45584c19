"""Learning-rate schedules: a table `name -> factor(epochs, block)`, pure functions of the time since the start.

`epochs` is the step number divided by the steps of an epoch; the learning rate of a step is the base rate times the
factor.
"""

from collections.abc import Callable
from math import exp, floor
from typing import Any

from foldproof.config.schedule import Constant, Exponential, InverseTime, ScheduleName, StepDecay

Factor = Callable[[float], float]


def constant(epochs: float, block: Constant) -> float:  # noqa: ARG001
    """`1`."""
    return 1.0


def step(epochs: float, block: StepDecay) -> float:
    """`factor ** floor(epochs / every_epochs)`."""
    return float(block.factor ** floor(epochs / block.every_epochs))


def exponential(epochs: float, block: Exponential) -> float:
    """`exp(-decay_per_epoch * epochs)`."""
    return exp(-block.decay_per_epoch * epochs)


def inverse_time(epochs: float, block: InverseTime) -> float:
    """`1 / (1 + decay_per_epoch * epochs)`."""
    return 1.0 / (1.0 + block.decay_per_epoch * epochs)


SCHEDULES: dict[ScheduleName, Callable[[float, Any], float]] = {
    "constant": constant,
    "step": step,
    "exponential": exponential,
    "inverse_time": inverse_time,
}
