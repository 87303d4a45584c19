"""Averages of weights over the steps or epochs of a training: a table of when they are taken, and with what decay."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import Any, Literal

from foldproof.config.averaging import AveragingName, ExponentialMovingAverage, StochasticWeightAveraging


@dataclass(frozen=True)
class AveragingRow:
    """When weights are taken, with what decay, from which epoch on, and what becomes of layers' running averages.

    Those are averaged with the weights, or, with `measures_anew`, taken by a pass over the member's training rows.
    """

    label: str
    every: Literal["step", "epoch"]
    decay: Callable[[Any], float]
    begins: Callable[[Any, int], int]  # of the block and the number of epochs
    measures_anew: bool
    cost: str  # beyond a training without it


def _decay(block: ExponentialMovingAverage) -> float:
    return block.decay


def _share_of_epochs(block: StochasticWeightAveraging, epochs: int) -> int:
    return floor(block.from_share * epochs)


AVERAGINGS: dict[AveragingName, AveragingRow | None] = {
    "none": None,
    # Polyak and Juditsky (1992); its running averages are smooth already, and are faded alike.
    "ema": AveragingRow(
        label="exponential moving average of the weights",
        every="step",
        decay=_decay,
        begins=lambda _block, _epochs: 0,
        measures_anew=False,
        cost="one more copy of the weights while training; none in predicting",
    ),
    # Izmailov et al. (2018): no batch was ever normalised by the mean of weights, so its statistics must be measured.
    "swa": AveragingRow(
        label="stochastic weight averaging",
        every="epoch",
        decay=lambda _block: 1.0,
        begins=_share_of_epochs,
        measures_anew=True,
        cost="one more copy of the weights while training, with batch normalisation also one more pass forward over "
        "the training rows an epoch; none in predicting",
    ),
}
