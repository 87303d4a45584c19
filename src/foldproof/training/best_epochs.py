"""Between epochs: judge each member on its inner validation, keep its best weights, stop it, compact the population.

A Lightning callback, new for every fit. The scored fold is not among what it can see.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from foldproof.data.splits import Member
from foldproof.errors import TrainingError
from foldproof.metrics import METRICS
from foldproof.model.stacked import State
from foldproof.training.checkpoints import Checkpoint, grouped
from foldproof.training.events import EpochEnded, MemberStopped, Sink
from foldproof.training.module import PopulationModule
from foldproof.training.population import write_members
from foldproof.training.resume import Trail
from foldproof.training.stopping import Progress

ADVICE = (
    "training diverged: lower train.optimizer.learning_rate, set train.gradient_clip_norm, or look for extreme values "
    "in the data (train.divergence_factor sets the limit)"
)
COMPACT_SHARE = 0.2  # of the members alive that must have stopped before the others are moved together


@dataclass
class Kept:
    """What a fit leaves behind: best weights `[P, N]` and buffers, best epoch and epochs run of all its members."""

    matrix: Tensor
    buffers: State
    best_epoch: list[int]
    epochs: list[int]
    stopped: list[str] = field(default_factory=list)

    def tensors(self) -> State:
        """Its tensors by name."""
        return {"matrix": self.matrix, **grouped("buffers", self.buffers)}

    def facts(self) -> dict[str, Any]:
        """The rest of it, as plain values."""
        return {"best_epoch": self.best_epoch, "epochs": self.epochs, "stopped": self.stopped}

    @classmethod
    def of(cls, found: Checkpoint) -> "Kept":
        """What a checkpoint holds of it."""
        tensors = Checkpoint(found.epochs, found.group("kept"), {})
        return cls(tensors.tensors["matrix"], tensors.group("buffers"), **found.facts["kept"])


class BestEpochs(pl.Callback):
    """Judges, keeps, stops and compacts; tells the sinks."""

    def __init__(
        self,
        members: tuple[Member, ...],
        score: str,
        epochs: int,
        patience: int,
        minimum_improvement: float,
        divergence_factor: float,
        sinks: Sequence[Sink],
        trail: Trail | None = None,
        *,
        diverged_stop: bool = False,
    ) -> None:
        self._members = members
        self._score = score
        self._last = epochs - 1
        self._patience = patience
        self._minimum_improvement = minimum_improvement
        self._divergence_factor = divergence_factor
        self._sinks = sinks
        self._trail = trail
        self._diverged_stop = diverged_stop
        self._alive: list[int] = []  # index in the whole population of each member still in the matrix
        self._done: set[int] = set()
        self._progress = Progress.start(0)
        self._first_loss = torch.zeros(0)
        self.kept: Kept

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Measure each member's loss on its training rows before the first step, which divergence is judged by."""
        module: PopulationModule = pl_module
        if module.found is not None:
            self._restore(module.found)
            return
        members = len(module.population.members)
        self._alive = list(range(members))
        self._progress = Progress.start(members)
        self._first_loss = module.first_losses()
        self.kept = Kept(
            module.matrix.detach().cpu().clone(),
            {name: value.cpu().clone() for name, value in module.population.buffers.items()},
            [-1] * members,
            [0] * members,
            [""] * members,
        )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """The whole of what happens between two epochs."""
        module: PopulationModule = pl_module
        epoch = module.data.first_epoch + trainer.current_epoch
        losses, predictions = module.evaluate(module.data.inner_validation)
        diverged = self._unusable(losses, predictions, epoch) | self._diverged(module, epoch)
        if diverged and not self._diverged_stop:
            raise TrainingError(*diverged.values(), ADVICE)
        self._give_up(diverged, epoch)
        scores = self._scores(module, predictions)
        self._progress = self._progress.after(epoch, losses, self._minimum_improvement)
        self._keep_improved(module, epoch)
        stopping = self._stop(epoch)
        running = len(self._alive) - len(self._done & set(self._alive))
        self._tell_epoch(module, epoch, losses, scores, running)
        for index in [*diverged, *stopping]:
            reason: Any = self.kept.stopped[index]
            self._tell(MemberStopped(self._members[index], epoch, self.kept.best_epoch[index], reason))
        if not running:
            trainer.should_stop = True
        elif len(self._alive) - running >= COMPACT_SHARE * len(self._alive):
            self._compact(module)
        if self._trail is not None:
            self._trail.save(epoch + 1, module.state() | self._tensors(), self._facts(module))

    def _tensors(self) -> dict[str, Tensor]:
        return {
            "first_loss": self._first_loss,
            **grouped("progress", self._progress.tensors()),
            **grouped("kept", self.kept.tensors()),
        }

    def _facts(self, module: PopulationModule) -> dict[str, Any]:
        return {
            "steps": module.steps_made,
            "alive": self._alive,
            "done": sorted(self._done),
            "kept": self.kept.facts(),
        }

    def _restore(self, found: Checkpoint) -> None:
        self._alive, self._done = found.facts["alive"], set(found.facts["done"])
        self._first_loss = found.tensors["first_loss"]
        self._progress = Progress(**found.group("progress"))
        self.kept = Kept.of(found)

    def _diverged(self, module: PopulationModule, epoch: int) -> dict[int, str]:
        """Who diverged in this epoch's steps, by index in the whole population, and what was seen."""
        losses, bad_steps = module.late_training_losses(), module.first_bad_steps()
        problems: dict[int, str] = {}
        for place, index in enumerate(self._alive):
            if index in self._done:
                continue
            name, first = self._members[index].name, float(self._first_loss[place])
            if bad_steps[place] >= 0:
                problems[index] = (
                    f"{name}: the training loss is not finite from step {int(bad_steps[place])} on (epoch {epoch})"
                )
            elif losses[place] > self._divergence_factor * first:
                problems[index] = (
                    f"{name}: the training loss at the end of epoch {epoch} is {losses[place]:.4g}, over "
                    f"{self._divergence_factor:g} times the {first:.4g} before the first step"
                )
        return problems

    def _unusable(self, losses: Tensor, predictions: Tensor, epoch: int) -> dict[int, str]:
        """Whose weights after this epoch are of no use, and what was seen."""
        finite = losses.isfinite() & predictions.flatten(1).isfinite().all(1)
        return {
            index: f"{self._members[index].name}: the weights give no finite loss on the inner-validation rows "
            f"(epoch {epoch})"
            for place, index in enumerate(self._alive)
            if index not in self._done and not finite[place]
        }

    def _give_up(self, diverged: Iterable[int], epoch: int) -> None:
        """Members that diverged keep the weights of their best epoch before; this epoch does not count."""
        for index in diverged:
            self.kept.epochs[index] = epoch
            self.kept.stopped[index] = "diverged"
            self._done.add(index)

    def _scores(self, module: PopulationModule, predictions: Tensor) -> list[float]:
        table = module.data.inner_validation
        targets = module.targets_of(table).numpy()
        valid = table.weight.cpu().numpy() > 0
        metric = METRICS[self._score].function
        return [
            math.nan
            if self._alive[place] in self._done
            else float(metric(targets[place][mask], predictions[place].numpy()[mask]))
            for place, mask in enumerate(valid)
        ]

    def _keep_improved(self, module: PopulationModule, epoch: int) -> None:
        places = [
            place
            for place, index in enumerate(self._alive)
            if index not in self._done and self._progress.best_epoch[place] == epoch
        ]
        where = [self._alive[place] for place in places]
        write_members(self.kept.matrix, where, module.matrix.detach()[places])
        for name, values in self.kept.buffers.items():
            write_members(values, where, module.population.buffers[name][places])
        for index in where:
            self.kept.best_epoch[index] = epoch

    def _stop(self, epoch: int) -> list[int]:
        """Mark who is done after this epoch; their indices in the whole population."""
        stopping: list[int] = []
        for place, index in enumerate(self._alive):
            if index in self._done:
                continue
            self.kept.epochs[index] = epoch + 1
            if epoch == self._last or self._progress.waited[place] >= self._patience:
                self.kept.stopped[index] = self._reason(epoch)
                stopping.append(index)
        self._done.update(stopping)
        return stopping

    def _reason(self, epoch: int) -> Any:
        return "last epoch" if epoch == self._last else "patience"

    def _compact(self, module: PopulationModule) -> None:
        places = [place for place, index in enumerate(self._alive) if index not in self._done]
        keep = torch.tensor(places, device=module.matrix.device)
        module.compact(keep)
        self._alive = [self._alive[place] for place in places]
        self._progress = self._progress.select(keep.cpu())
        self._first_loss = self._first_loss[keep.cpu()]

    def _tell_epoch(
        self, module: PopulationModule, epoch: int, losses: Tensor, scores: list[float], running: int
    ) -> None:
        live = [
            place
            for place, index in enumerate(self._alive)
            if index not in self._done or self.kept.epochs[index] == epoch + 1
        ]
        training, rates = module.training_losses(), self._rates(module)
        self._tell(
            EpochEnded(
                epoch,
                tuple(self._members[self._alive[place]] for place in live),
                tuple(float(training[place]) for place in live),
                tuple(float(losses[place]) for place in live),
                tuple(scores[place] for place in live),
                tuple(rates[place] for place in live),
                running,
            )
        )

    def _rates(self, module: PopulationModule) -> list[float]:
        optimizer = module.optimizer_of_population
        assert optimizer is not None
        return [float(rate) for rate in optimizer.last_learning_rates().cpu().tolist()]

    def _tell(self, event: EpochEnded | MemberStopped) -> None:
        if self._trail is not None:
            self._trail.take(event)
        for sink in self._sinks:
            sink(event)
