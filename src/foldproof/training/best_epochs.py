"""Between epochs: judge each member on its inner validation, keep its best weights, stop it, compact the population.

A Lightning callback, new for every fit. The scored fold is not among what it can see.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from foldproof.data.splits import Member
from foldproof.metrics import METRICS
from foldproof.training.checkpoints import Checkpoint, grouped
from foldproof.training.descent import Descent
from foldproof.training.divergence import diverged, divergence_limits, unusable
from foldproof.training.events import Sink
from foldproof.training.fault import Fault
from foldproof.training.kept import Kept
from foldproof.training.module import PopulationModule
from foldproof.training.non_finite import likely_cause
from foldproof.training.recipe import Recipe
from foldproof.training.resume import Trail
from foldproof.training.standing import Standing
from foldproof.training.stopping import Progress
from foldproof.training.teller import Teller
from foldproof.training.unaveraged import Unaveraged
from foldproof.training.weight_average import WeightAverage
from foldproof.training.weights import Weights

COMPACT_SHARE = 0.2  # of the members alive that must have stopped before the others are moved together


class BestEpochs(pl.Callback):
    """Judges, keeps, stops and compacts; tells the sinks."""

    def __init__(
        self,
        members: tuple[Member, ...],
        recipe: Recipe,
        sinks: Sequence[Sink],
        trail: Trail | None,
        average: WeightAverage | None,
    ) -> None:
        self._recipe = recipe
        self._teller = Teller(members, sinks, trail)
        self._trail = trail
        self._average = average
        self._unaveraged: Unaveraged | None = None  # where weights are averaged
        self._standing: Standing
        self.kept: Kept

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Measure each member's loss on its training rows before the first step, which divergence is judged by."""
        module: PopulationModule = pl_module
        descent = module.descent
        if module.found is not None:
            self._restore(module.found)
            descent.scale_learning_rates(self._standing.plateau.factor)
            return
        self._standing = Standing.start(descent.first_losses())
        cycles = self._recipe.cycles
        self.kept = Kept.start(descent.weights, self._average is not None, cycles.kept if cycles else 0)
        self._compare_with_unaveraged(Progress.start(len(descent.population.members)))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """The whole of what happens between two epochs."""
        descent: Descent = pl_module.descent
        recipe, standing = self._recipe, self._standing
        epoch = descent.data.first_epoch + trainer.current_epoch
        weights = self._judged(descent, epoch)
        losses, predictions = descent.evaluate(descent.data.inner_validation, weights)
        begun, lost = standing.running, self._lost(descent, losses, predictions, epoch)
        self._give_up(lost, epoch)
        scores = self._scores(descent, predictions[0])
        standing.progress = standing.progress.after(epoch, losses, recipe.minimum_improvement)
        if recipe.reduction is not None:
            standing.plateau = standing.plateau.after(losses, recipe.reduction)
        self._keep(descent, weights, epoch)
        stopping = self._stop(epoch)
        running = len(standing.running)
        self._teller.looks(descent.watch.looks, begun, epoch)
        ended = {place: index for place, index in begun.items() if index not in lost}
        self._teller.epoch(descent, ended, epoch, losses, scores, running)
        self._teller.stopped(self.kept, [*lost, *stopping], epoch)
        if not running:
            trainer.should_stop = True
        elif len(standing.alive) - running >= COMPACT_SHARE * len(standing.alive):
            self._compact(descent)
        if recipe.reduction is not None:
            descent.scale_learning_rates(standing.plateau.factor)
        if self._trail is not None:
            self._trail.save(epoch + 1, descent.state() | self._tensors(), self._facts(descent))

    def _tensors(self) -> dict[str, Tensor]:
        return {
            **self._standing.tensors(),
            **grouped("kept", self.kept.tensors()),
            **grouped("average", self._average.tensors() if self._average else {}),
            **grouped("unaveraged", self._unaveraged.progress.tensors() if self._unaveraged else {}),
        }

    def _facts(self, descent: Descent) -> dict[str, Any]:
        return {"steps": descent.optimizer.steps, **self._standing.facts(), "kept": self.kept.facts()}

    def _restore(self, found: Checkpoint) -> None:
        self._standing = Standing.of(found)
        self.kept = Kept.of(found)
        if self._average is not None:
            self._compare_with_unaveraged(Progress(**found.group("unaveraged")))

    def _compare_with_unaveraged(self, progress: Progress) -> None:
        if self.kept.unaveraged is not None:
            patience, least = self._recipe.patience, self._recipe.minimum_improvement
            self._unaveraged = Unaveraged(self.kept.unaveraged, progress, patience, least)

    def _judged(self, descent: Descent, epoch: int) -> Weights:
        """The weights that this epoch is judged by; when an average begins, only what comes of it counts."""
        if self._average is None:
            return descent.weights
        if epoch == self._average.begins:
            self._standing.progress = Progress.start(len(self._standing.alive))
        return self._average.at_epoch_end(descent, epoch)

    def _lost(self, descent: Descent, losses: Tensor, predictions: Sequence[Tensor], epoch: int) -> dict[int, Fault]:
        """Who has come to nothing in this epoch, by index in the whole population, and why."""
        first, late, bad = self._standing.first_loss, descent.losses.late_means(), descent.losses.first_bad_steps()
        ceiling = descent.population.settings["loss_ceiling"].double().cpu()
        limits = divergence_limits(first, self._recipe.divergence_factor, ceiling)
        steps = {place: step for place, step in enumerate(bad.tolist()) if step >= 0}
        why = {place: likely_cause(step, place, descent.watch.before(step)) for place, step in steps.items()}
        why |= descent.not_finite  # on a CPU it was looked at in the step itself
        faults = unusable(losses, predictions, epoch) | diverged(late, limits, first, bad, epoch, why)
        running = self._standing.running
        return {running[place]: fault for place, fault in faults.items() if place in running}

    def _give_up(self, lost: Mapping[int, Fault], epoch: int) -> None:
        """Members that are lost keep the weights of their best epoch before; this epoch does not count."""
        for index, fault in lost.items():
            self.kept.epochs[index] = epoch
            self.kept.stopped[index] = "diverged"
            self.kept.told[index] = fault.told
            self.kept.cause[index] = fault.cause
            self._standing.done.add(index)

    def _scores(self, descent: Descent, predictions: Tensor) -> list[float]:
        """The score of each member's predictions of the first target."""
        table = descent.data.inner_validation
        targets = descent.first_targets(table).numpy()
        valid = table.weight.cpu().numpy() > 0
        metric, running = METRICS[self._recipe.score].function, self._standing.running
        return [
            float(metric(targets[place][mask], predictions[place].numpy()[mask])) if place in running else math.nan
            for place, mask in enumerate(valid)
        ]

    def _keep(self, descent: Descent, weights: Weights, epoch: int) -> None:
        """Of the members still running the best weights, the best ones without averaging, and the snapshots."""
        running, cycles = self._standing.running, self._recipe.cycles
        places = [place for place in running if self._standing.progress.best_epoch[place] == epoch]
        where = [running[place] for place in places]
        self.kept.weights.write(where, weights.select(places))
        for index in where:
            self.kept.best_epoch[index] = epoch
        if self._unaveraged is not None:
            losses, _ = descent.evaluate(descent.data.inner_validation)
            self._unaveraged.judge(epoch, losses, descent.weights, running)
        if cycles is not None and self.kept.snapshots is not None and cycles.end_with(epoch):
            self.kept.snapshots.take(list(running.values()), weights.select(list(running)), epoch)

    def _stop(self, epoch: int) -> list[int]:
        """Mark who is done after this epoch; their indices in the whole population."""
        stopping: list[int] = []
        last, waited = epoch == self._recipe.epochs - 1, self._standing.progress.waited
        for place, index in self._standing.running.items():
            self.kept.epochs[index] = epoch + 1
            if last or (self._may_stop(epoch) and waited[place] >= self._recipe.patience):
                self.kept.stopped[index] = "last epoch" if last else "patience"
                stopping.append(index)
        self._standing.done.update(stopping)
        return stopping

    def _may_stop(self, epoch: int) -> bool:
        cycles = self._recipe.cycles
        begun = self._average is None or epoch >= self._average.begins
        return begun and (cycles is None or cycles.may_stop_after(epoch))

    def _compact(self, descent: Descent) -> None:
        keep = torch.tensor(self._standing.compact(), device=descent.matrix.device)
        descent.compact(keep)
        if self._average is not None:
            self._average.compact(keep)
        if self._unaveraged is not None:
            self._unaveraged.compact(keep.cpu())
