"""The arithmetic of a population as a LightningModule: what one step does, and what an evaluation does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.data.augmentation import Mix, augment, mix
from foldproof.data.batches import RowTable, epoch_batches
from foldproof.model.stacked import State
from foldproof.training.checkpoints import Checkpoint, grouped
from foldproof.training.data_module import FoldDataModule
from foldproof.training.elements import Elements
from foldproof.training.heads import Head, apart, together
from foldproof.training.optimizers import OptimizerRow
from foldproof.training.penalties import PENALTIES, penalty
from foldproof.training.population import Population
from foldproof.training.population_optimizer import PopulationOptimizer, Rates
from foldproof.training.weights import Weights

EVALUATED_AT_ONCE = 1024  # rows a member


@dataclass(frozen=True)
class Objective:
    """What is minimised, and how."""

    heads: tuple[Head, ...]  # one a target
    optimizer: OptimizerRow
    block: Any  # the optimizer's settings
    factor_of_epochs: Callable[[float], float]  # on the learning rate
    acting: frozenset[str]  # the settings of members that are on


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
        self._elements: Elements
        self._resting = frozenset[str]()  # layers that evaluate as long as they are frozen
        self._penalties = sorted(objective.acting & PENALTIES.keys())
        self._loss_sum = torch.zeros(0)
        self._late_loss_sum = torch.zeros(0)
        self._first_bad_step = torch.zeros(0)
        self._watched = -1

    @property
    def rows_dtype(self) -> torch.dtype:
        """The precision in which rows and weights are held."""
        return self.matrix.dtype

    @property
    def weights(self) -> Weights:
        """The members' weights as they are now; they go on changing."""
        return Weights(self.matrix.detach(), self.population.buffers)

    def on_fit_start(self) -> None:
        """Move what is not a Lightning parameter to where the matrix now is."""
        self.population = self.population.to(self.matrix.device, self.matrix.dtype)
        self.data.to(self.matrix.device)

    def configure_optimizers(self) -> PopulationOptimizer:
        """One optimizer over the matrix."""
        objective, settings = self.objective, self.population.to(self.matrix.device, self.matrix.dtype).settings
        rates = Rates(
            settings["learning_rate"],
            lambda step: objective.factor_of_epochs(step / self.data.steps),
            objective.optimizer.decay == "decoupled",
            old_rate_factor=settings.get("old_rate_factor"),
            **{name: settings[name] for name in objective.acting - PENALTIES.keys()},
        )
        transfer, network = self.population.transfer, self.population.network
        until = inf if transfer.unfreeze_epoch is None else transfer.unfreeze_epoch * self.data.steps
        elements = Elements.of(network, transfer.loaded, transfer.frozen, until)
        self._elements = elements.to(self.matrix.device, self.matrix.dtype)
        self._resting = network.batch_normalisations(transfer.frozen)
        self.optimizer_of_population = objective.optimizer.over(self.matrix, objective.block, rates, self._elements)
        if self.found is not None:
            self.optimizer_of_population.restore(self.found.group("optimizer"), self.found.facts["steps"])
        return self.optimizer_of_population

    @property
    def steps_made(self) -> int:
        """Steps since the population's very first, also those of an earlier process."""
        assert self.optimizer_of_population is not None
        return self.optimizer_of_population.steps

    def scale_learning_rates(self, factors: Tensor) -> None:
        """Go on at the rates of the settings times `factors` `[P]`, whatever they were scaled by before."""
        optimizer, rates = self.optimizer_of_population, self.population.settings["learning_rate"]
        assert optimizer is not None
        optimizer.rates = replace(optimizer.rates, learning_rate=rates * factors.to(rates.device, rates.dtype))

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

        Lightning hands over many steps at once and leaves their optimization to us, because its hooks around a step
        cost as much as the step of a small network.
        """
        optimizer = self.optimizer_of_population
        assert optimizer is not None
        for index in orders:
            optimizer.step(partial(self._total_loss, index))

    def _total_loss(self, index: Tensor) -> Tensor:
        """What a step minimises, and its gradients: the sum over members of their mean loss on rows `[P, B]`."""
        self.matrix.grad = None
        losses = self._training_losses_of(index, self.matrix, self.population.buffers, self.steps_made)
        total = losses.sum()
        self.manual_backward(total)
        free = self._elements.free_at(self.steps_made)
        if free is not None:
            assert self.matrix.grad is not None
            self.matrix.grad.mul_(free)
        if self.steps_made != self._watched:  # a line search asks again; what counts is the loss before the step
            self._watch(losses.detach())
        return total.detach()

    @torch.no_grad()
    def first_losses(self) -> Tensor:
        """Each member's loss on its training rows before the first step, drawn and smoothed as in training, `[P]`."""
        buffers = {name: value.clone() for name, value in self.population.buffers.items()}
        order = epoch_batches(self.data.training, self.data.keys, 0, self.data.batch_size, self.data.steps)
        with self.trainer.precision_plugin.forward_context():
            losses = [self._training_losses_of(index, self.matrix, buffers, step) for step, index in enumerate(order)]
        return torch.stack(losses).double().mean(0).cpu()

    @torch.no_grad()
    def measure_running_averages(self, weights: Weights, epoch: int) -> None:
        """Set running averages of layers to their plain mean over the epoch's batches, drawn as when it was trained."""
        network = self.population.network
        if not network.saved_buffers(weights.buffers):
            return
        order = epoch_batches(self.data.training, self.data.keys, epoch, self.data.batch_size, self.data.steps)
        first = self.steps_made - len(order)
        with self.trainer.precision_plugin.forward_context():
            for number, index in enumerate(order):
                with network.taking_batches(number):
                    self._training_losses_of(index, weights.matrix, weights.buffers, first + number)

    def _training_losses_of(self, index: Tensor, matrix: Tensor, buffers: State, step: int) -> Tensor:
        """Mean losses `[P]` on the rows `index` `[P, B]`, penalties and all, drawn under the keys of `step`."""
        population = self.population
        keys = randomness.fold_in(population.keys, step)
        rows, targets = self.data.gather(index, self.rows_dtype)
        rows = augment(rows, population.strengths, keys, population.statistics)
        rows, mixed = mix(rows, population.strengths, keys)
        rows = population.inputs(rows)
        resting = frozenset[str]() if self._elements.free_at(step) is None else self._resting
        outputs = population.network(matrix, buffers, rows, keys, resting)
        means = self._mean_losses(outputs, targets, self.data.row_weights(index, self.rows_dtype), mixed)
        if not self._penalties:
            return means
        rates = {name: population.settings[name] for name in self._penalties}
        return means + penalty(matrix, self._elements.at(step).weights, rates)

    def _mean_losses(self, outputs: Tensor, targets: Tensor, counts: Tensor | None, mixed: Mix | None) -> Tensor:
        """`[P]`, of outputs `[P, B, K]` for targets `[P, B]` or `[P, B, T]` of rows that count `counts` `[P, B]`."""
        settings, statistics = self.population.settings, self.population.statistics
        each = apart(self.objective.heads, outputs.to(self.rows_dtype), targets)
        return together(
            [head.mean_loss(own, wanted, counts, mixed, settings, statistics) for head, own, wanted in each], settings
        )

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
    def evaluate(self, table: RowTable, weights: Weights | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Mean loss `[P]` (float64) and each head's predictions `[P, n, ...]` on the rows of a table; nothing is drawn.

        They are those of `weights`, or of the weights as they are now. The loss is the one that is trained by, weights
        of rows, classes and targets included, but of labels that are not smoothed.
        """
        population, heads, weights = self.population, self.objective.heads, weights or self.weights
        no_smoothing = torch.zeros_like(population.settings["label_smoothing"])
        settings = {**population.settings, "label_smoothing": no_smoothing}
        nothing = torch.zeros(len(population.members), dtype=torch.float64, device=self.matrix.device)
        totals, counts = ([nothing.clone() for _ in heads] for _ in range(2))
        predictions: list[list[Tensor]] = [[] for _ in heads]
        for start in range(0, table.rows.shape[1], EVALUATED_AT_ONCE):
            part = slice(start, start + EVALUATED_AT_ONCE)
            index, counted = table.rows[:, part], table.weight[:, part]
            rows, targets = self.data.gather(index, self.rows_dtype)
            of_rows = self.data.row_weights(index, counted.dtype)
            counted = counted if of_rows is None else counted * of_rows
            rows = population.inputs(rows)
            with self.trainer.precision_plugin.forward_context():
                outputs = population.network(weights.matrix, weights.buffers, rows)
                each = apart(heads, outputs, targets)
                losses = [
                    head.losses(own.to(self.rows_dtype), wanted, settings, population.statistics)
                    for head, own, wanted in each
                ]
            for (head, own, wanted), found in zip(each, losses, strict=True):
                weight = head.weights(settings, wanted, counted)
                totals[head.place] += (found.double() * weight).sum(1)
                counts[head.place] += weight.sum(1)
                predictions[head.place].append(head.predicted(own).float().cpu())
        means = [head.loss.of_mean(totals[head.place] / counts[head.place]) for head in heads]
        return together(means, settings).cpu(), tuple(torch.cat(one, dim=1) for one in predictions)

    def first_targets(self, table: RowTable) -> Tensor:
        """The first target `[P, n]` of a table's rows, as its loss sees it, on the CPU."""
        _, targets = self.data.gather(table.rows, self.rows_dtype)
        first = self.objective.heads[0]
        return first.scaled(first.own(targets), self.population.statistics).cpu()

    def compact(self, keep: Tensor) -> None:
        """Go on with the members at `keep` alone; the Parameter object stays, so that Lightning's references hold."""
        assert self.optimizer_of_population is not None
        self.matrix.data = self.matrix.data[keep]
        self.matrix.grad = None
        self.optimizer_of_population.compact(keep)
        self.population = self.population.select(keep)
        self.data.compact(keep)

    def _watch(self, losses: Tensor) -> None:
        """Add up, and note the first step that is not finite, without waiting for the device."""
        self._watched = self.steps_made
        self._loss_sum += losses
        if self.steps_made % self.data.steps >= self._late_from:
            self._late_loss_sum += losses
        new = ~losses.isfinite() & (self._first_bad_step < 0)
        self._first_bad_step.masked_fill_(new, self.steps_made)
