"""The arithmetic of a population: what its members' losses are, what one step does, and what an evaluation does.

It needs no trainer: fits hand it to Lightning, checks before training take some steps by themselves.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from math import inf

import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.data.augmentation import Mix, augment, mix
from foldproof.data.batches import RowTable
from foldproof.model.stacked import State
from foldproof.training.checkpoints import Checkpoint, grouped
from foldproof.training.elements import Elements
from foldproof.training.epoch_losses import EpochLosses
from foldproof.training.fault import Fault
from foldproof.training.fold_data import FoldData
from foldproof.training.heads import apart, together
from foldproof.training.non_finite import faults_of
from foldproof.training.objective import Objective
from foldproof.training.penalties import PENALTIES, penalty
from foldproof.training.population import Population
from foldproof.training.population_optimizer import PopulationOptimizer, Rates
from foldproof.training.watch import Watch, shares_of_layers, update_ratios
from foldproof.training.weights import Weights

EVALUATED_AT_ONCE = 1024  # rows a member


class Descent:
    """Lowers the sum of all members' losses; nothing else adds over the member axis."""

    optimizer: PopulationOptimizer  # from `begin` on

    def __init__(self, population: Population, data: FoldData, objective: Objective, watch_every: int = 0) -> None:
        self.population = population
        self.data = data
        self.objective = objective
        self.matrix = nn.Parameter(population.matrix)
        self.precision: Callable[[], AbstractContextManager[None]] = nullcontext  # that outputs are computed in
        self._elements: Elements
        self._resting = frozenset[str]()  # layers that evaluate as long as they are frozen
        self._penalties = sorted(objective.acting & PENALTIES.keys())
        self.losses = EpochLosses(0, data.steps, self.matrix.device)
        self.not_finite: dict[int, Fault] = {}  # this epoch, by place: where a loss ceased to be finite, on a CPU
        self.watch = Watch(watch_every)
        self._counted = -1

    @property
    def rows_dtype(self) -> torch.dtype:
        """The precision in which rows and weights are held."""
        return self.matrix.dtype

    @property
    def weights(self) -> Weights:
        """The members' weights as they are now; they go on changing."""
        return Weights(self.matrix.detach(), self.population.buffers)

    def begin(self, found: Checkpoint | None = None) -> PopulationOptimizer:
        """Make the optimizer where the matrix is, as it was `found`; it is returned, too."""
        objective, network = self.objective, self.population.network
        self.population = self.population.to(self.matrix.device, self.matrix.dtype)
        self.data.to(self.matrix.device)
        settings, transfer = self.population.settings, self.population.transfer
        rates = Rates(
            settings["learning_rate"],
            lambda step: objective.factor_of_epochs(step / self.data.steps),
            objective.optimizer.decay == "decoupled",
            old_rate_factor=settings.get("old_rate_factor"),
            **{name: settings[name] for name in objective.acting - PENALTIES.keys()},
        )
        until = inf if transfer.unfreeze_epoch is None else transfer.unfreeze_epoch * self.data.steps
        elements = Elements.of(network, transfer.loaded, transfer.frozen, until)
        self._elements = elements.to(self.matrix.device, self.matrix.dtype)
        self._resting = network.batch_normalisations(transfer.frozen)
        self.optimizer = objective.optimizer.over(self.matrix, objective.block, rates, self._elements)
        if found is not None:
            self.optimizer.restore(found.group("optimizer"), found.facts["steps"])
            self.watch.restore(found.group("watch"))
        return self.optimizer

    def begin_epoch(self) -> None:
        """Add up the losses of the steps to come anew."""
        self.losses = EpochLosses(len(self.population.members), self.data.steps, self.matrix.device)
        self.not_finite = {}
        self.watch.begin_epoch()

    def step(self, index: Tensor) -> None:
        """Move all members by their losses on rows `[P, B]`."""
        step = self.optimizer.steps
        before = self.matrix.detach().clone() if self.watch.due(step) else None
        self.optimizer.step(partial(self._differentiate, index))
        if before is not None:
            self._look(index, step, before)

    @torch.no_grad()
    def _look(self, index: Tensor, step: int, before: Tensor) -> None:
        """See what the step on rows `[P, B]` did to the weights that were `before`, and what layers put out now."""
        population, elements = self.population, self._elements
        network, frozen = population.network, population.transfer.frozen
        still = frozenset[str]() if elements.free_at(step) is None else frozen
        with self.precision():
            shares = shares_of_layers(
                network, self.matrix, population.buffers, self._drawn(index, self._keys(step))[0], still
            )
        ratios = update_ratios(network.layout, elements.at(step).units, before, self.matrix)
        self.watch.add(step, self.optimizer.last_learning_rates(), ratios, shares)

    def _differentiate(self, index: Tensor) -> Tensor:
        """What a step minimises, and its gradients: the sum over members of their mean loss on rows `[P, B]`."""
        step = self.optimizer.steps
        self.matrix.grad = None
        losses = self.training_losses(index, self.matrix, self.population.buffers, step)
        total = losses.sum()
        total.backward()
        free = self._elements.free_at(step)
        if free is not None:
            assert self.matrix.grad is not None
            self.matrix.grad.mul_(free)
        if step != self._counted:  # a line search asks again; what counts is the loss before the step
            self._counted = step
            new = self.losses.add(losses.detach(), step)
            if new.device.type == "cpu" and bool(new.any()):  # elsewhere to look would mean to wait for the device
                self._explain(new, index, step)
            if self.watch.due(step):
                assert self.matrix.grad is not None
                self.watch.note(losses.detach(), self.matrix.grad)
        return total.detach()

    def _explain(self, new: Tensor, index: Tensor, step: int) -> None:
        """Note why the losses of the members `new` `[P]` are not finite, before the step moves their weights."""
        population = self.population
        inputs, _, _ = self._drawn(index, self._keys(step))
        self.not_finite |= faults_of(
            new, step, population.network, self.matrix, population.buffers, inputs, self.watch.before(step)
        )

    def training_losses(self, index: Tensor, matrix: Tensor, buffers: State, step: int) -> Tensor:
        """Mean losses `[P]` on the rows `index` `[P, B]`, penalties and all, drawn under the keys of `step`."""
        population, keys = self.population, self._keys(step)
        rows, targets, mixed = self._drawn(index, keys)
        resting = frozenset[str]() if self._elements.free_at(step) is None else self._resting
        outputs = population.network(matrix, buffers, rows, keys, resting)
        means = self.mean_losses(outputs, targets, self.data.row_weights(index, self.rows_dtype), mixed)
        if not self._penalties:
            return means
        rates = {name: population.settings[name] for name in self._penalties}
        return means + penalty(matrix, self._elements.at(step).weights, rates)

    def _keys(self, step: int) -> Tensor:
        """The members' keys `[P, 2]` of a step."""
        return randomness.fold_in(self.population.keys, step)

    def _drawn(self, index: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, Mix | None]:
        """What the networks are given for rows `[P, B]`, augmented and mixed under `keys` `[P, 2]`, and the targets."""
        population = self.population
        rows, targets = self.data.gather(index, self.rows_dtype)
        rows = augment(rows, population.strengths, keys, population.statistics)
        rows, mixed = mix(rows, population.strengths, keys)
        return population.inputs(rows), targets, mixed

    def mean_losses(
        self, outputs: Tensor, targets: Tensor, counts: Tensor | None = None, mixed: Mix | None = None
    ) -> Tensor:
        """`[P]`, of outputs `[P, B, K]` for targets `[P, B]` or `[P, B, T]` of rows that count `counts` `[P, B]`."""
        settings, statistics = self.population.settings, self.population.statistics
        each = apart(self.objective.heads, outputs.to(self.rows_dtype), targets)
        return together(
            [head.mean_loss(own, wanted, counts, mixed, settings, statistics) for head, own, wanted in each], settings
        )

    @torch.no_grad()
    def first_losses(self) -> Tensor:
        """Each member's loss on its training rows before the first step, drawn and smoothed as in training, `[P]`."""
        buffers = {name: value.clone() for name, value in self.population.buffers.items()}
        with self.precision():
            losses = [
                self.training_losses(index, self.matrix, buffers, step) for step, index in enumerate(self.data.epoch(0))
            ]
        return torch.stack(losses).double().mean(0).cpu()

    @torch.no_grad()
    def measure_running_averages(self, weights: Weights, epoch: int) -> None:
        """Set running averages of layers to their plain mean over the epoch's batches, drawn as when it was trained."""
        network = self.population.network
        if not network.saved_buffers(weights.buffers):
            return
        order = self.data.epoch(epoch)
        first = self.optimizer.steps - len(order)
        with self.precision():
            for number, index in enumerate(order):
                with network.taking_batches(number):
                    self.training_losses(index, weights.matrix, weights.buffers, first + number)

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
            with self.precision():
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

    def scale_learning_rates(self, factors: Tensor) -> None:
        """Go on at the rates of the settings times `factors` `[P]`, whatever they were scaled by before."""
        optimizer, rates = self.optimizer, self.population.settings["learning_rate"]
        optimizer.rates = replace(optimizer.rates, learning_rate=rates * factors.to(rates.device, rates.dtype))

    def state(self) -> dict[str, Tensor]:
        """The tensors that training has changed so far, `[P, ...]` each but an optimizer's counters."""
        return {
            "matrix": self.matrix,
            **grouped("buffers", self.population.buffers),
            **grouped("optimizer", self.optimizer.state_tensors()),
            **grouped("watch", self.watch.tensors()),
        }

    def compact(self, keep: Tensor) -> None:
        """Go on with the members at `keep` alone; the Parameter object stays, so that Lightning's references hold."""
        self.matrix.data = self.matrix.data[keep]
        self.matrix.grad = None
        self.optimizer.compact(keep)
        self.watch.compact(keep)
        self.population = self.population.select(keep)
        self.data.compact(keep)
