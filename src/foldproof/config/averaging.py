"""Block `train.averaging`: which of a member's many weights are kept, as one network or as several."""

from typing import Literal

from pydantic import model_validator

from foldproof.config.closed import Closed, Count, Rate, Share

AveragingName = Literal["none", "ema", "swa"]


class NoAveraging(Closed):
    """The weights as the optimizer leaves them. It has no settings."""


class ExponentialMovingAverage(Closed):
    """A moving average over steps: weights that are i steps old count `decay ** i`."""

    decay: Share = 0.99
    """how much one step fades the earlier ones; 0.99 looks back about 100 steps"""


class StochasticWeightAveraging(Closed):
    """The plain mean of the weights at the ends of the epochs, from a certain one on."""

    from_share: Rate = 0.75
    """share of train.epochs that pass before; until then no member is judged or stops early"""


class Snapshots(Closed):
    """Copies of each member at the ends of its learning-rate cycles; it predicts by the mean of theirs."""

    every_epochs: Count | None = None
    """length of a cycle, at most train.epochs; members then stop early at ends of cycles only; null: no snapshots"""
    keep: Count = 5
    """the last so many are kept, or all if there are fewer; a prediction takes so many times as long"""


class Averaging(Closed):
    """The average that is judged, kept and exported, and the snapshots of it."""

    name: AveragingName = "none"
    """none, ema (over steps) or swa (over ends of epochs); inner validation judges the average"""
    none: NoAveraging = NoAveraging()
    ema: ExponentialMovingAverage = ExponentialMovingAverage()
    swa: StochasticWeightAveraging = StochasticWeightAveraging()
    snapshots: Snapshots = Snapshots()

    @model_validator(mode="after")
    def _one_mean_over_cycles(self) -> "Averaging":
        if self.name == "swa" and self.snapshots.every_epochs is not None:
            raise ValueError(
                f"snapshots.every_epochs: found {self.snapshots.every_epochs} beside name: swa, legal: null, since "
                "snapshots of a mean over all cycles hardly differ; or name: none or ema"
            )
        return self
