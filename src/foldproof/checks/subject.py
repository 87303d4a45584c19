"""What is checked: the first member of a split as params describe it, and a sample of its own training rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config import Params
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Rows, Split
from foldproof.data.statistics import Statistics

if TYPE_CHECKING:
    from torch import Tensor

    from foldproof.training.beginning import Beginning
    from foldproof.training.objective import Objective
    from foldproof.training.population import Population

MEMBER = 0


@dataclass(frozen=True)
class Subject:
    """Prepared rows, the split, what preprocessing learnt, the params, and what members begin with, if known already.

    Checks look at the first member alone, and at no row that scores it, nor at the test set.
    """

    dataset: Dataset
    split: Split
    statistics: Statistics
    params: Params
    beginning: "Beginning | None" = None

    @cached_property
    def training_rows(self) -> Rows:
        """All training rows of the member, ascending."""
        return self.split.rows(MEMBER, Role.TRAINING)

    @cached_property
    def rows(self) -> Rows:
        """Some of them, `[n]`, evenly spaced, ascending: at most `check.rows`."""
        return spaced(self.training_rows, self.params.check.rows)

    @cached_property
    def inner_validation_rows(self) -> Rows:
        """At most as many of its inner-validation rows, evenly spaced, ascending."""
        return spaced(self.split.rows(MEMBER, Role.INNER_VALIDATION), self.params.check.rows)

    def raw(self, rows: Rows) -> NDArray[Any]:
        """Rows as they were prepared, `[n, *shape]`."""
        return np.asarray(self.dataset.features[rows])

    def inputs(self, rows: Rows) -> "Tensor":
        """What the network is given for these rows, `[n, *inputs.shape]` float64."""
        import torch

        learnt = {name: torch.from_numpy(value[MEMBER : MEMBER + 1]) for name, value in self.statistics.learnt.items()}
        raw = torch.from_numpy(np.asarray(self.raw(rows), dtype=np.float64))
        return self.statistics.preprocessing(raw[None], learnt)[0]

    def targets(self, rows: Rows) -> NDArray[Any]:
        """The first target of these rows, `[n]`: int64 classes or float32 numbers."""
        return np.asarray(self.dataset.view(0).targets[rows])

    @cached_property
    def population(self) -> "Population":
        """The member alone, as its training begins."""
        from foldproof.training.members import make_population

        model, train, augment = self.params.model, self.params.train, self.params.augment
        return make_population(
            self.dataset, self.split, self.statistics, model, train, augment, [MEMBER], self.beginning
        )

    @cached_property
    def objective(self) -> "Objective":
        """What its training minimises, and how."""
        from foldproof.training.members import make_recipe

        return make_recipe(self.dataset.schema.targets, self.params.train).objective


def spaced(rows: Rows, most: int) -> Rows:
    """At most so many of the rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows[np.arange(most) * len(rows) // most]
