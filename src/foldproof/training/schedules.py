"""Learning-rate schedules: a table `name -> row`; each factor is a pure function of the time since the start.

`epochs` is the step number divided by the steps of an epoch, less the warm-up; `length` is when the training ends, by
the same clock. The learning rate of a step is the base rate times the factor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, floor, pi
from typing import Any

from foldproof.config.schedule import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    InverseTime,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    ScheduleName,
    StepDecay,
)
from foldproof.errors import ConfigError

WARMUP_FROM = 0.01  # of the rate; from 0 the first step would be none
ROUNDING = 1e-9  # by which an end may seem to lie above its start


def constant(epochs: float, block: Constant | ReduceOnPlateau, length: float) -> float:  # noqa: ARG001
    """`1`."""
    return 1.0


def step(epochs: float, block: StepDecay, length: float) -> float:  # noqa: ARG001
    """`factor ** floor(epochs / every_epochs)`."""
    return float(block.factor ** floor(epochs / block.every_epochs))


def exponential(epochs: float, block: Exponential, length: float) -> float:  # noqa: ARG001
    """`exp(-decay_per_epoch * epochs)`."""
    return exp(-block.decay_per_epoch * epochs)


def inverse_time(epochs: float, block: InverseTime, length: float) -> float:  # noqa: ARG001
    """`1 / (1 + decay_per_epoch * epochs)`."""
    return 1.0 / (1.0 + block.decay_per_epoch * epochs)


def polynomial(epochs: float, block: Polynomial, length: float) -> float:
    """`end + (1 - end) * (1 - epochs / length) ** power`."""
    return block.end + (1.0 - block.end) * float(max(1.0 - epochs / length, 0.0) ** block.power)


def cosine(epochs: float, block: Cosine, length: float) -> float:
    """`end + (1 - end) * (1 + cos(pi * epochs / length)) / 2`: one cycle of SGDR (Loshchilov & Hutter 2017)."""
    return _half_cosine(1.0, block.end, epochs / length)


def cosine_restarts(epochs: float, block: CosineRestarts, length: float) -> float:  # noqa: ARG001
    """The same from the start of each cycle to its end; cycle `i` lasts `cycle_epochs * multiplier ** i` (SGDR)."""
    cycle = block.cycle_epochs
    while epochs >= cycle:
        epochs, cycle = epochs - cycle, cycle * block.multiplier
    return _half_cosine(1.0, block.end, epochs / cycle)


def one_cycle(epochs: float, block: OneCycle, length: float) -> float:
    """From `start` up to 1 in `rise_share` of the length, then down to `end`, along half cosines (Smith & Topin 2018).

    Momentum is not cycled.
    """
    top = block.rise_share * length
    if epochs < top:
        return _half_cosine(block.start, 1.0, epochs / top)
    return _half_cosine(1.0, block.end, (epochs - top) / (length - top))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1.0 + cos(pi * min(share, 1.0))) / 2.0


@dataclass(frozen=True)
class ScheduleRow:
    """The factor at `(epochs, block, length)`; whether a member's rate also falls by what its inner validation says."""

    factor: Callable[[float, Any, float], float]
    on_plateau: bool = False


SCHEDULES: dict[ScheduleName, ScheduleRow] = {
    "constant": ScheduleRow(constant),
    "step": ScheduleRow(step),
    "exponential": ScheduleRow(exponential),
    "inverse_time": ScheduleRow(inverse_time),
    "polynomial": ScheduleRow(polynomial),
    "cosine": ScheduleRow(cosine),
    "cosine_restarts": ScheduleRow(cosine_restarts),
    "one_cycle": ScheduleRow(one_cycle),
    "plateau": ScheduleRow(constant, on_plateau=True),
}


def factor_of_epochs(schedule: Schedule, epochs: int) -> Callable[[float], float]:
    """The factor as a function of the epochs since the start, in a training of `epochs`: warm-up, then the schedule.

    In the warm-up it rises in a straight line from a hundredth of the schedule's start (Goyal et al. 2017). Raises
    ConfigError where the warm-up leaves no time, or the rate ends above its start without saying so.
    """
    factor, block = SCHEDULES[schedule.name].factor, getattr(schedule, schedule.name)
    warmup, length = schedule.warmup_epochs, epochs - schedule.warmup_epochs
    if length <= 0:
        raise ConfigError(
            f"train.schedule.warmup_epochs: found {warmup:g}, legal: fewer than the {epochs} of train.epochs"
        )
    start, end = factor(0.0, block, length), factor(length, block, length)
    if end > start * (1 + ROUNDING) and not schedule.rising:
        raise ConfigError(
            f"train.schedule.{schedule.name}: found a rate that ends at {end / start:.4g} times its start, "
            "legal: at most its start; or say train.schedule.rising: true"
        )

    def at(time: float) -> float:
        if time < warmup:
            return start * (WARMUP_FROM + (1 - WARMUP_FROM) * time / warmup)
        return factor(time - warmup, block, length)

    return at


def reduction_on_plateau(schedule: Schedule) -> ReduceOnPlateau | None:
    """When and how far a member's rate falls by its inner-validation loss; None where it does not look at it."""
    return getattr(schedule, schedule.name) if SCHEDULES[schedule.name].on_plateau else None
