"""Averages of a member's weights over the steps or epochs of its training: a table, and the callback that takes them.

All of them are one recurrence. With `m` the mass of what has been taken, from 0, and decay `d`, the next weights `w`
make `m = 1 + d * m; average += (w - average) / m`: the mean in which weights that are i takes old count `d ** i`.
With d = 1 that is the plain mean, with d < 1 the exponential moving average free of a bias towards its start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor

from foldproof.config.averaging import AveragingName, ExponentialMovingAverage, StochasticWeightAveraging
from foldproof.training.checkpoints import Checkpoint, ungrouped
from foldproof.training.module import PopulationModule
from foldproof.training.weights import Weights


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


class WeightAverage(pl.Callback):
    """The average of every member still trained: `[P, N]`, its buffers, and the mass `[P]` of what it was made of."""

    def __init__(self, row: AveragingRow, begins: int) -> None:
        self._row = row
        self.begins = begins
        self._mass = torch.zeros(0)
        self._average = Weights(torch.zeros(0), {})

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Nothing taken yet, or what an earlier process had; then every step of the optimizer, if the row asks."""
        module: PopulationModule = pl_module
        if module.found is None:
            self._average = module.weights.copy(module.device)
            self._mass = torch.zeros_like(module.population.settings["average_decay"])
        else:
            self._restore(module.found, module.device)
        if self._row.every == "step":
            assert module.optimizer_of_population is not None
            module.optimizer_of_population.register_step_post_hook(lambda *_: self._take(module))

    def at_epoch_end(self, module: PopulationModule, epoch: int) -> Weights:
        """What is judged after this epoch: the average, or the weights as they are until it has begun."""
        if epoch < self.begins:
            return module.weights
        if self._row.every == "epoch":
            self._take(module)
        if self._row.measures_anew:
            module.measure_running_averages(self._average, epoch)
        return self._average

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint keeps of it."""
        return {"mass": self._mass, **self._average.tensors()}

    def compact(self, keep: Tensor) -> None:
        """Go on with the members at `keep` alone."""
        self._average, self._mass = self._average.select(keep), self._mass[keep]

    def _restore(self, found: Checkpoint, device: torch.device) -> None:
        tensors = ungrouped("average", found.tensors)
        self._average = Weights.of(tensors).copy(device)
        self._mass = tensors["mass"].to(device)

    @torch.no_grad()
    def _take(self, module: PopulationModule) -> None:
        self._mass = 1 + module.population.settings["average_decay"] * self._mass
        self._average.move_towards(module.weights, 1 / self._mass)
