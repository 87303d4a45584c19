"""Block `train.loss`: what training minimises, and the settings of each loss that has some."""

from typing import Any, Literal

from pydantic import model_validator

from foldproof.config.closed import Auto, Closed, NonNegative, Positive

LossName = Literal["cross_entropy", "binary_cross_entropy", "focal", "mse", "mae", "rmse", "huber"]
ClassWeights = Literal["none", "balanced"]


class Focal(Closed):
    """Cross-entropy that makes little of the rows which are right already."""

    gamma: NonNegative = 2.0
    """a row counts (1 - p of its class)^gamma; 0: as in cross_entropy"""


class Huber(Closed):
    """Squared error near 0, absolute error beyond, so that outliers pull less."""

    delta: Positive = 1.0
    """error at which it turns, in standard deviations of the target"""


class Loss(Closed):
    """What training minimises; `loss: mse` is short for `loss: {name: mse}`."""

    name: LossName | Auto = "auto"
    """auto: cross_entropy for classes, mse for numbers, as also for a target that the named loss does not fit"""
    focal: Focal = Focal()
    huber: Huber = Huber()

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, values: Any) -> Any:
        return {"name": values} if isinstance(values, str) else values
