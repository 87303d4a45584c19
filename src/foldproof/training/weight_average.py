"""The callback that takes a member's average weights.

All averages are one recurrence. With `m` the mass of what has been taken, from 0, and decay `d`, the next weights `w`
make `m = 1 + d * m; average += (w - average) / m`: the mean in which weights that are i takes old count `d ** i`.
With d = 1 that is the plain mean, with d < 1 the exponential moving average free of a bias towards its start.
"""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from foldproof.training.averaging import AveragingRow
from foldproof.training.checkpoints import Checkpoint, ungrouped
from foldproof.training.descent import Descent
from foldproof.training.module import PopulationModule
from foldproof.training.weights import Weights


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
        descent, device = module.descent, module.device
        if module.found is None:
            self._average = descent.weights.copy(device)
            self._mass = torch.zeros_like(descent.population.settings["average_decay"])
        else:
            self._restore(module.found, device)
        if self._row.every == "step":
            descent.optimizer.register_step_post_hook(lambda *_: self._take(descent))

    def at_epoch_end(self, descent: Descent, epoch: int) -> Weights:
        """What is judged after this epoch: the average, or the weights as they are until it has begun."""
        if epoch < self.begins:
            return descent.weights
        if self._row.every == "epoch":
            self._take(descent)
        if self._row.measures_anew:
            descent.measure_running_averages(self._average, epoch)
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
    def _take(self, descent: Descent) -> None:
        self._mass = 1 + descent.population.settings["average_decay"] * self._mass
        self._average.move_towards(descent.weights, 1 / self._mass)
