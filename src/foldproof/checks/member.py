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
    subject: Subject, population: Population, objective: Objective, dtype: torch.dtype = torch.float32
) -> Descent:
    """The descent of a population of one, ready for its first step."""
    return _begun(subject, population, objective, dtype)


def at_rates(subject: Subject, population: Population, objective: Objective, rates: Tensor) -> Descent:
    """The descent of a copy of a population of one for each learning rate `[R]`, constant all along.

    All copies meet the same rows, draws and masks, so that nothing but the rate differs.
    """
    together = population.select(torch.zeros(len(rates), dtype=torch.int64))
    together = replace(together, settings=together.settings | {"learning_rate": rates})
    return _begun(subject, together, replace(objective, factor_of_epochs=lambda _: 1.0), torch.float32)


def losses_of_step(descent: Descent, index: Tensor) -> Tensor:
    """Take a step on rows `[P, B]`; the losses before it, `[P]` float64."""
    descent.begin_epoch()
    descent.step(index)
    return descent.losses.sums()


def _begun(subject: Subject, population: Population, objective: Objective, dtype: torch.dtype) -> Descent:
    size, members = subject.params.train.batch_size, (MEMBER,) * len(population.matrix)
    data = make_data(subject.dataset, subject.split, members, size, subject.split.steps_per_epoch(size))
    every = torch.arange(len(members))  # a copy, as running averages are changed in place
    descent = Descent(population.select(every).to(torch.device("cpu"), dtype), data, objective)
    descent.begin()
    return descent


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
