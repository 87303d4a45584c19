"""Block `train.schedule`: how the learning rate moves, and the settings of each way. Times are in epochs.

Shares are of `train.optimizer.learning_rate`. What spans the training begins after the warm-up and ends with
`train.epochs`, whether or not a member stops before.
"""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Closed, Count, NonNegative, Positive, Share

ScheduleName = Literal[
    "constant",
    "step",
    "exponential",
    "inverse_time",
    "polynomial",
    "cosine",
    "cosine_restarts",
    "one_cycle",
    "plateau",
]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Constant(Closed):
    """The rate stays. It has no settings."""


class StepDecay(Closed):
    """Multiply by `factor` every `every_epochs` epochs."""

    every_epochs: Count = 20
    """epochs between two falls"""
    factor: Positive = 0.5
    """what the rate is multiplied by"""


class Exponential(Closed):
    """`lr * exp(-decay_per_epoch * epoch)`, counted in fractions of an epoch."""

    decay_per_epoch: NonNegative = 0.08
    """lr * exp(-decay * epoch)"""


class InverseTime(Closed):
    """`lr / (1 + decay_per_epoch * epoch)`, counted in fractions of an epoch."""

    decay_per_epoch: NonNegative = 0.05
    """lr / (1 + decay * epoch)"""


class Polynomial(Closed):
    """`lr * (1 - epoch/epochs) ** power`, down to `end`."""

    power: Positive = 1.0
    """1: a straight line"""
    end: NonNegative = 0.0
    """share of the rate at the end"""


class Cosine(Closed):
    """Half a cosine from the rate down to `end`."""

    end: NonNegative = 0.0
    """share of the rate at the end"""


class CosineRestarts(Closed):
    """A cosine again and again, each cycle from the full rate down to `end`."""

    cycle_epochs: Count = 10
    """epochs of the first cycle"""
    multiplier: Count = 1
    """each cycle is so many times longer than the one before"""
    end: Fraction = 0.0
    """share of the rate at the end of a cycle"""


class OneCycle(Closed):
    """Up to the rate and down again, both along half a cosine. Only the rate is cycled, momentum is not."""

    rise_share: Share = 0.3
    """share of the training in which the rate rises"""
    start: Share = 0.04
    """share of the rate at the start"""
    end: Fraction = 4e-6
    """share of the rate at the end"""


class ReduceOnPlateau(Closed):
    """A member's rate falls when its own inner-validation loss has not improved for `patience` epochs."""

    factor: Share = 0.5
    """what the rate is multiplied by"""
    patience: Count = 5
    """epochs without a better loss before it falls, and then again"""
    smallest: Fraction = 0.001
    """share of the rate below which it does not fall"""


class Schedule(Closed):
    """How the learning rate moves."""

    name: ScheduleName = "constant"
    """how the learning rate moves"""
    warmup_epochs: NonNegative = 0.0
    """epochs in which the rate first rises, in a straight line from a hundredth of itself; the schedule follows"""
    rising: bool = False
    """true: the rate may end above its start, as in a search for the highest one that works"""
    constant: Constant = Constant()
    step: StepDecay = StepDecay()
    exponential: Exponential = Exponential()
    inverse_time: InverseTime = InverseTime()
    polynomial: Polynomial = Polynomial()
    cosine: Cosine = Cosine()
    cosine_restarts: CosineRestarts = CosineRestarts()
    one_cycle: OneCycle = OneCycle()
    plateau: ReduceOnPlateau = ReduceOnPlateau()
