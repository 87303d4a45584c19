"""Block `train.schedule`: how the learning rate falls, and the settings of each way."""

from typing import Annotated, Literal

from pydantic import Field

from foldproof.config.closed import Closed, Count, NonNegative

ScheduleName = Literal["constant", "step", "exponential", "inverse_time"]


class Constant(Closed):
    """The rate stays. It has no settings."""


class StepDecay(Closed):
    """Multiply by `factor` every `every_epochs` epochs."""

    every_epochs: Count = 20
    """epochs between two falls"""
    factor: Annotated[float, Field(gt=0, le=1)] = 0.5
    """what the rate is multiplied by"""


class Exponential(Closed):
    """`lr * exp(-decay_per_epoch * epoch)`, counted in fractions of an epoch."""

    decay_per_epoch: NonNegative = 0.08
    """lr * exp(-decay * epoch)"""


class InverseTime(Closed):
    """`lr / (1 + decay_per_epoch * epoch)`, counted in fractions of an epoch."""

    decay_per_epoch: NonNegative = 0.05
    """lr / (1 + decay * epoch)"""


class Schedule(Closed):
    """How the learning rate falls."""

    name: ScheduleName = "constant"
    """how the learning rate falls"""
    constant: Constant = Constant()
    step: StepDecay = StepDecay()
    exponential: Exponential = Exponential()
    inverse_time: InverseTime = InverseTime()
