"""A training as a value, from data and sections alone: what an engine sends to the process that trains a population."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldproof.config.augment import Augment
from foldproof.config.model import Model
from foldproof.config.train import Train
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Split
from foldproof.data.statistics import Statistics
from foldproof.reproducibility import using_threads
from foldproof.training.beginning import Beginning
from foldproof.training.events import Sink
from foldproof.training.fit import fit
from foldproof.training.kept import Kept
from foldproof.training.members import make_data, make_population, make_recipe
from foldproof.training.plan import Plan
from foldproof.training.resume import trail_of


@dataclass(frozen=True)
class Assignment:
    """All that decides what the members become, and where their trails lie; None for no trail.

    `beginning` is read and decided once, for all populations and the processes that train them.
    """

    dataset: Dataset
    split: Split
    statistics: Statistics
    model: Model
    train: Train
    augment: Augment
    plan: Plan
    folder: Path | None
    beginning: Beginning

    def run(self, number: int, sinks: Sequence[Sink]) -> Kept:
        """Train the population of this number in the plan, or go on with it."""
        members, train = self.plan.populations[number], self.train
        population = make_population(
            self.dataset, self.split, self.statistics, self.model, train, self.augment, members, self.beginning
        )
        steps = self.split.steps_per_epoch(train.batch_size)
        data = make_data(self.dataset, self.split, members, train.batch_size, steps)
        recipe = make_recipe(self.dataset.schema.targets, train)
        with using_threads(self.plan.threads), trail_of(self.trail_folder(number)) as trail:
            return fit(population, data, recipe, self.plan.device, self.plan.precision, sinks, trail)

    def trail_folder(self, number: int) -> Path | None:
        """Where a population leaves its events and checkpoints."""
        return self.folder / f"population-{number}" if self.folder else None
