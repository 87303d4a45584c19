"""The first member, made ready to be looked at: copies of it side by side, with or without what regularises it."""

from dataclasses import replace

import torch
from torch import Tensor

from foldproof.checks.subject import MEMBER, Subject
from foldproof.training.descent import Descent
from foldproof.training.members import make_data
from foldproof.training.objective import Objective
from foldproof.training.population import Population


def descent_of(
    subject: Subject, population: Population, objective: Objective, copies: int = 1, dtype: torch.dtype = torch.float32
) -> Descent:
    """The descent of so many copies of a population of one: the same rows, draws and masks for each."""
    train = subject.params.train
    steps = subject.split.steps_per_epoch(train.batch_size)
    together = population.select(torch.zeros(copies, dtype=torch.int64)).to(torch.device("cpu"), dtype)
    data = make_data(subject.dataset, subject.split, (MEMBER,) * copies, train.batch_size, steps)
    return Descent(together, data, objective)


def without_penalties(objective: Objective) -> Objective:
    """The same losses, to which nothing is added."""
    return replace(objective, acting=frozenset())


def without_regularisation(population: Population) -> Population:
    """The same networks, of which nothing is dropped, on rows as they are, with labels as they are."""
    rates = population.network.settings(population.buffers)
    settings = population.settings
    return replace(
        population,
        strengths={},
        buffers=population.buffers | {name: torch.zeros_like(value) for name, value in rates.items()},
        settings=settings | {"label_smoothing": torch.zeros_like(settings["label_smoothing"])},
    )


def index_of(rows: Tensor, copies: int) -> Tensor:
    """Rows `[B]` for every copy, `[P, B]`."""
    return rows.expand(copies, -1)
