"""Between epochs: judge each member on its inner validation, keep its best weights, stop it, compact the population.

A Lightning callback, new for every fit. The scored fold is not among what it can see.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from foldproof.config.schedule import ReduceOnPlateau
from foldproof.data.splits import Member
from foldproof.errors import TrainingError
from foldproof.metrics import METRICS
from foldproof.training.averaging import WeightAverage
from foldproof.training.checkpoints import Checkpoint, grouped
from foldproof.training.divergence import divergence_limits
from foldproof.training.events import EpochEnded, MemberStopped, Sink
from foldproof.training.kept import Kept
from foldproof.training.module import PopulationModule
from foldproof.training.plateau import Plateau
from foldproof.training.resume import Trail
from foldproof.training.snapshots import Cycles
from foldproof.training.stopping import Progress
from foldproof.training.unaveraged import Unaveraged
from foldproof.training.weights import Weights

ADVICE = (
    "training diverged: lower train.optimizer.learning_rate, set train.gradient_clip_norm, or look for extreme values "
    "in the data (train.divergence_factor sets the limit)"
)
COMPACT_SHARE = 0.2  # of the members alive that must have stopped before the others are moved together


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
        reduction: ReduceOnPlateau | None,
        sinks: Sequence[Sink],
        trail: Trail | None = None,
        average: WeightAverage | None = None,
        cycles: Cycles | None = None,
        *,
        diverged_stop: bool = False,
    ) -> None:
        self._members = members
        self._score = score
        self._last = epochs - 1
        self._patience = patience
        self._minimum_improvement = minimum_improvement
        self._divergence_factor = divergence_factor
        self._reduction = reduction
        self._sinks = sinks
        self._trail = trail
        self._average = average
        self._cycles = cycles
        self._unaveraged: Unaveraged | None = None  # where weights are averaged
        self._diverged_stop = diverged_stop
        self._alive: list[int] = []  # index in the whole population of each member still in the matrix
        self._done: set[int] = set()
        self._progress = Progress.start(0)
        self._plateau = Plateau.start(0)
        self._first_loss = torch.zeros(0)
        self.kept: Kept

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Measure each member's loss on its training rows before the first step, which divergence is judged by."""
        module: PopulationModule = pl_module
        if module.found is not None:
            self._restore(module.found)
            module.scale_learning_rates(self._plateau.factor)
            return
        members = len(module.population.members)
        self._alive = list(range(members))
        self._progress = Progress.start(members)
        self._plateau = Plateau.start(members)
        self._first_loss = module.first_losses()
        self.kept = Kept.start(module.weights, self._average is not None, self._cycles.kept if self._cycles else 0)
        self._compare_with_unaveraged(Progress.start(members))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """The whole of what happens between two epochs."""
        module: PopulationModule = pl_module
        epoch = module.data.first_epoch + trainer.current_epoch
        weights = self._judged(module, epoch)
        losses, predictions = module.evaluate(module.data.inner_validation, weights)
        diverged = self._unusable(losses, predictions, epoch) | self._diverged(module, epoch)
        if diverged and not self._diverged_stop:
            raise TrainingError(*diverged.values(), ADVICE)
        self._give_up(diverged, epoch)
        scores = self._scores(module, predictions[0])
        self._progress = self._progress.after(epoch, losses, self._minimum_improvement)
        if self._reduction is not None:
            self._plateau = self._plateau.after(losses, self._reduction)
        self._keep(module, weights, epoch)
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
        if self._reduction is not None:
            module.scale_learning_rates(self._plateau.factor)
        if self._trail is not None:
            self._trail.save(epoch + 1, module.state() | self._tensors(), self._facts(module))

    def _tensors(self) -> dict[str, Tensor]:
        return {
            "first_loss": self._first_loss,
            **grouped("progress", self._progress.tensors()),
            **grouped("plateau", self._plateau.tensors()),
            **grouped("kept", self.kept.tensors()),
            **grouped("average", self._average.tensors() if self._average else {}),
            **grouped("unaveraged", self._unaveraged.progress.tensors() if self._unaveraged else {}),
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
        self._plateau = Plateau(**found.group("plateau"))
        self.kept = Kept.of(found)
        if self._average is not None:
            self._compare_with_unaveraged(Progress(**found.group("unaveraged")))

    def _compare_with_unaveraged(self, progress: Progress) -> None:
        if self.kept.unaveraged is not None:
            self._unaveraged = Unaveraged(self.kept.unaveraged, progress, self._patience, self._minimum_improvement)

    def _judged(self, module: PopulationModule, epoch: int) -> Weights:
        """The weights that this epoch is judged by; when an average begins, only what comes of it counts."""
        if self._average is None:
            return module.weights
        if epoch == self._average.begins:
            self._progress = Progress.start(len(self._alive))
        return self._average.at_epoch_end(module, epoch)

    def _diverged(self, module: PopulationModule, epoch: int) -> dict[int, str]:
        """Who diverged in this epoch's steps, by index in the whole population, and what was seen."""
        losses, bad_steps = module.late_training_losses(), module.first_bad_steps()
        ceiling = module.population.settings["loss_ceiling"].double().cpu()
        limits = divergence_limits(self._first_loss, self._divergence_factor, ceiling)
        problems: dict[int, str] = {}
        for place, index in enumerate(self._alive):
            if index in self._done:
                continue
            name = self._members[index].name
            if bad_steps[place] >= 0:
                problems[index] = (
                    f"{name}: the training loss is not finite from step {int(bad_steps[place])} on (epoch {epoch})"
                )
            elif losses[place] > limits[place]:
                problems[index] = (
                    f"{name}: the training loss at the end of epoch {epoch} is {losses[place]:.4g}, over the limit of "
                    f"{limits[place]:.4g} for one of {self._first_loss[place]:.4g} before the first step"
                )
        return problems

    def _unusable(self, losses: Tensor, predictions: Sequence[Tensor], epoch: int) -> dict[int, str]:
        """Whose weights after this epoch are of no use, and what was seen."""
        finite = losses.isfinite()
        for of_target in predictions:
            finite &= of_target.flatten(1).isfinite().all(1)
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
        """The score of each member's predictions of the first target."""
        table = module.data.inner_validation
        targets = module.first_targets(table).numpy()
        valid = table.weight.cpu().numpy() > 0
        metric = METRICS[self._score].function
        return [
            math.nan
            if self._alive[place] in self._done
            else float(metric(targets[place][mask], predictions[place].numpy()[mask]))
            for place, mask in enumerate(valid)
        ]

    def _keep(self, module: PopulationModule, weights: Weights, epoch: int) -> None:
        """Of the members still running the best weights, the best ones without averaging, and the snapshots."""
        running = {place: index for place, index in enumerate(self._alive) if index not in self._done}
        places = [place for place in running if self._progress.best_epoch[place] == epoch]
        where = [running[place] for place in places]
        self.kept.weights.write(where, weights.select(places))
        for index in where:
            self.kept.best_epoch[index] = epoch
        if self._unaveraged is not None:
            losses, _ = module.evaluate(module.data.inner_validation)
            self._unaveraged.judge(epoch, losses, module.weights, running)
        if self._cycles is not None and self.kept.snapshots is not None and self._cycles.end_with(epoch):
            self.kept.snapshots.take(list(running.values()), weights.select(list(running)), epoch)

    def _stop(self, epoch: int) -> list[int]:
        """Mark who is done after this epoch; their indices in the whole population."""
        stopping: list[int] = []
        for place, index in enumerate(self._alive):
            if index in self._done:
                continue
            self.kept.epochs[index] = epoch + 1
            if epoch == self._last or (self._may_stop(epoch) and self._progress.waited[place] >= self._patience):
                self.kept.stopped[index] = self._reason(epoch)
                stopping.append(index)
        self._done.update(stopping)
        return stopping

    def _may_stop(self, epoch: int) -> bool:
        begun = self._average is None or epoch >= self._average.begins
        return begun and (self._cycles is None or self._cycles.may_stop_after(epoch))

    def _reason(self, epoch: int) -> Any:
        return "last epoch" if epoch == self._last else "patience"

    def _compact(self, module: PopulationModule) -> None:
        places = [place for place, index in enumerate(self._alive) if index not in self._done]
        keep = torch.tensor(places, device=module.matrix.device)
        module.compact(keep)
        self._alive = [self._alive[place] for place in places]
        self._progress = self._progress.select(keep.cpu())
        self._plateau = self._plateau.select(keep.cpu())
        self._first_loss = self._first_loss[keep.cpu()]
        if self._average is not None:
            self._average.compact(keep)
        if self._unaveraged is not None:
            self._unaveraged.compact(keep.cpu())

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
