"""The arithmetic of a population as a LightningModule: what one step does, and what an evaluation does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.data.augmentation import augment, mix
from foldproof.data.batches import RowTable, epoch_batches
from foldproof.data.dataset import Task
from foldproof.data.statistics import normalise
from foldproof.model.exported import predictions_of
from foldproof.model.stacked import State
from foldproof.training.checkpoints import Checkpoint, grouped
from foldproof.training.data_module import FoldDataModule
from foldproof.training.losses import RowLoss
from foldproof.training.optimizers import OptimizerRow, PopulationOptimizer, Rates
from foldproof.training.population import Population

EVALUATED_AT_ONCE = 1024  # rows a member


@dataclass(frozen=True)
class Objective:
    """What is minimised, and how."""

    task: Task
    loss: RowLoss
    optimizer: OptimizerRow
    block: Any
    factor: Callable[[int], float]
    decays: bool
    clips: bool


class PopulationModule(pl.LightningModule):
    """Trains all members of a population by the sum of their losses; nothing else adds over the member axis."""

    def __init__(
        self, population: Population, data: FoldDataModule, objective: Objective, found: Checkpoint | None = None
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.population = population
        self.data = data
        self.objective = objective
        self.matrix = nn.Parameter(population.matrix)
        self.optimizer_of_population: PopulationOptimizer | None = None
        self.found = found
        self._loss_sum = torch.zeros(0)
        self._late_loss_sum = torch.zeros(0)
        self._first_bad_step = torch.zeros(0)

    @property
    def rows_dtype(self) -> torch.dtype:
        """The precision in which rows and weights are held."""
        return self.matrix.dtype

    def on_fit_start(self) -> None:
        """Move what is not a Lightning parameter to where the matrix now is."""
        self.population = self.population.to(self.matrix.device, self.matrix.dtype)
        self.data.to(self.matrix.device)

    def configure_optimizers(self) -> PopulationOptimizer:
        """One optimizer over the matrix."""
        settings = self.population.to(self.matrix.device, self.matrix.dtype).settings
        rates = Rates(
            settings["learning_rate"],
            settings["weight_decay"] if self.objective.decays else None,
            settings["clip_norm"] if self.objective.clips else None,
            self.objective.factor,
        )
        decayed = self.population.network.layout.weights_only().to(self.matrix.device, self.matrix.dtype)
        self.optimizer_of_population = PopulationOptimizer(
            self.matrix, self.objective.optimizer, self.objective.block, rates, decayed
        )
        if self.found is not None:
            self.optimizer_of_population.restore(self.found.group("optimizer"), self.found.facts["steps"])
        return self.optimizer_of_population

    @property
    def steps_made(self) -> int:
        """Steps since the population's very first, also those of an earlier process."""
        assert self.optimizer_of_population is not None
        return self.optimizer_of_population.steps

    def state(self) -> dict[str, Tensor]:
        """The tensors that training has changed so far, `[P, ...]` each but an optimizer's counters."""
        assert self.optimizer_of_population is not None
        return {
            "matrix": self.matrix,
            **grouped("buffers", self.population.buffers),
            **grouped("optimizer", self.optimizer_of_population.state_tensors()),
        }

    def on_train_epoch_start(self) -> None:
        """Begin to add up this epoch's losses."""
        members = len(self.population.members)
        self._loss_sum = torch.zeros(members, dtype=torch.float64, device=self.matrix.device)
        self._late_loss_sum = torch.zeros_like(self._loss_sum)
        self._first_bad_step = torch.full((members,), -1, dtype=torch.int64, device=self.matrix.device)

    @property
    def _late_from(self) -> int:
        return self.data.steps * 3 // 4

    def training_step(self, orders: Tensor) -> None:
        """Some steps of the epoch, each on the rows of one `[P, B]` of `orders` `[steps, P, B]`.

        What is minimised is the sum over members of their mean loss. Lightning hands over many steps at once and
        leaves their optimization to us, because its hooks around a step cost as much as the step of a small network.
        """
        optimizer = self.optimizer_of_population
        assert optimizer is not None
        for index in orders:
            optimizer.zero_grad()
            losses = self._training_losses_of(index, self.population.buffers, optimizer.steps)
            self.manual_backward(losses.sum())
            self._watch(losses.detach())
            optimizer.step()

    @torch.no_grad()
    def first_losses(self) -> Tensor:
        """Each member's loss on its training rows before the first step, drawn and smoothed as in training, `[P]`."""
        buffers = {name: value.clone() for name, value in self.population.buffers.items()}
        order = epoch_batches(self.data.training, self.data.keys, 0, self.data.batch_size, self.data.steps)
        with self.trainer.precision_plugin.forward_context():
            losses = [self._training_losses_of(index, buffers, step) for step, index in enumerate(order)]
        return torch.stack(losses).double().mean(0).cpu()

    def _training_losses_of(self, index: Tensor, buffers: State, step: int) -> Tensor:
        """Mean losses `[P]` on the rows `index` `[P, B]`, everything drawn under the keys of `step`."""
        population = self.population
        keys = randomness.fold_in(population.keys, step)
        rows, targets = self.data.gather(index, self.rows_dtype)
        rows = augment(rows, population.strengths, keys, population.statistics)
        rows, mixed = mix(rows, population.strengths, keys)
        rows = normalise(rows, population.statistics["center"], population.statistics["scale"])
        outputs = population.network(self.matrix, buffers, rows, keys)

        def losses(targets: Tensor) -> Tensor:
            return self._losses(outputs, targets, population.settings["label_smoothing"])

        return (mixed.of(losses, targets) if mixed else losses(targets)).mean(1)

    def training_losses(self) -> Tensor:
        """The epoch's mean training loss `[P]`, on the CPU in float64."""
        return (self._loss_sum / self.data.steps).cpu()

    def late_training_losses(self) -> Tensor:
        """The mean over the last quarter of the epoch's steps, which a first overshoot is forgotten in, `[P]`."""
        return (self._late_loss_sum / (self.data.steps - self._late_from)).cpu()

    def first_bad_steps(self) -> Tensor:
        """The first step of this epoch at which a member's loss was not finite, `[P]`; -1 where none was."""
        return self._first_bad_step.cpu()

    @torch.no_grad()
    def evaluate(self, table: RowTable) -> tuple[Tensor, Tensor]:
        """Mean loss `[P]` (float64) and predictions `[P, n, ...]` on the rows of a table, without any randomness."""
        population = self.population
        no_smoothing = torch.zeros_like(population.settings["label_smoothing"])
        total = torch.zeros(len(population.members), dtype=torch.float64, device=self.matrix.device)
        predictions: list[Tensor] = []
        for start in range(0, table.rows.shape[1], EVALUATED_AT_ONCE):
            part = slice(start, start + EVALUATED_AT_ONCE)
            rows, targets = self.data.gather(table.rows[:, part], self.rows_dtype)
            rows = normalise(rows, population.statistics["center"], population.statistics["scale"])
            with self.trainer.precision_plugin.forward_context():
                outputs = population.network(self.matrix, population.buffers, rows)
                losses = self._losses(outputs, targets, no_smoothing)
            total += (losses.double() * table.weight[:, part]).sum(1)
            predictions.append(predictions_of(outputs, self.objective.task).float().cpu())
        return (total / table.weight.sum(1)).cpu(), torch.cat(predictions, dim=1)

    def targets_of(self, table: RowTable) -> Tensor:
        """Targets `[P, n]` of a table's rows, as the loss sees them, on the CPU."""
        return self._scaled(self.data.gather(table.rows, self.rows_dtype)[1]).cpu()

    def compact(self, keep: Tensor) -> None:
        """Go on with the members at `keep` alone; the Parameter object stays, so that Lightning's references hold."""
        assert self.optimizer_of_population is not None
        self.matrix.data = self.matrix.data[keep]
        self.matrix.grad = None
        self.optimizer_of_population.compact(keep)
        self.population = self.population.select(keep)
        self.data.compact(keep)

    def _losses(self, outputs: Tensor, targets: Tensor, smoothing: Tensor) -> Tensor:
        return self.objective.loss(outputs.to(self.rows_dtype), self._scaled(targets), smoothing)

    def _scaled(self, targets: Tensor) -> Tensor:
        """Numbers are learnt centred and scaled by the member's statistics; classes are as they are."""
        if self.objective.task == "classification":
            return targets
        statistics = self.population.statistics
        return (targets - statistics["target_center"].unsqueeze(1)) / statistics["target_scale"].unsqueeze(1)

    def _watch(self, losses: Tensor) -> None:
        """Add up, and note the first step that is not finite, without waiting for the device."""
        self._loss_sum += losses
        if self.steps_made % self.data.steps >= self._late_from:
            self._late_loss_sum += losses
        new = ~losses.isfinite() & (self._first_bad_step < 0)
        self._first_bad_step.masked_fill_(new, self.steps_made)
