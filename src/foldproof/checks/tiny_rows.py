"""Whether the network can learn a few rows by heart, when nothing keeps it from that."""

from dataclasses import replace
from math import inf

import numpy as np
import torch
from torch import Tensor, nn

from foldproof.checks.finding import Seen
from foldproof.checks.member import at_rates, index_of, losses_of_step, without_penalties, without_regularisation
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import TinyRows
from foldproof.config.optimizer import Adam
from foldproof.data.splits import Rows
from foldproof.training.descent import Descent
from foldproof.training.heads import apart
from foldproof.training.optimizers import OPTIMIZERS
from foldproof.training.population import Population

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03)  # of Adam, all at once: whichever gets there first


def look(subject: Subject, block: TinyRows) -> Seen:
    """The best of some copies of the member, each trained by Adam at a rate of its own."""
    population = without_regularisation(subject.population)
    rows = tiny_rows(subject, min(block.rows, _most(population)))
    objective = replace(without_penalties(subject.objective), optimizer=OPTIMIZERS["adam"], block=Adam())
    descent = at_rates(subject, population, objective, torch.tensor(RATES, dtype=torch.float64))
    index, course = index_of(torch.from_numpy(rows), len(RATES)), list[Tensor]()
    learnt = torch.zeros(len(RATES), dtype=torch.bool)
    while len(course) < block.steps and not learnt.any():
        course.append(losses_of_step(descent, index))
        low = course[-1] <= block.loss * course[0]
        learnt = low & _all_right(descent, index) if low.any() else low
    losses = torch.stack(course).nan_to_num(nan=inf)
    first, best = float(losses[0].min()), float(losses.min())
    told = f"loss on {len(rows)} rows from {first:.4g} to {best:.3g} in {len(losses)} steps"
    figures = {
        "plot": "line",
        "x": list(range(len(losses))),
        "y": losses[:, int(losses.min(0).values.argmin())].tolist(),
        "limit": block.loss * first,
        "log": True,
        "x_label": "step",
        "y_label": f"loss on {len(rows)} rows",
    }
    if learnt.any():
        return Seen(told, figures=figures)
    advice = (
        Advice(
            "model.name", "Look at the other findings first; a network this small in width or this deep may not do."
        ),
        Advice("train.loss.name", "If rows are fine: is the loss what its outputs are made for?"),
        Advice("data.source", "Rows that are equal but for their target cannot be learnt: see the profile."),
    )
    return Seen(f"{told}: it cannot even learn these by heart", advice, figures)


def _most(population: Population) -> int:
    """How many rows it must be able to learn: of one affine map half as many as it has inputs, else any few."""
    layout, tables = population.network.layout, population.network.parameters_of(nn.Embedding)
    shapes = zip(layout.names, layout.shapes, strict=True)
    maps = [shape for name, shape in shapes if len(shape) > 1 and name not in tables]
    return max(2, maps[0][1:].numel() // 2) if len(maps) == 1 else 2**31


@torch.no_grad()
def _all_right(descent: Descent, index: Tensor) -> Tensor:
    """Whether each copy tells the classes of each of the rows that count, `[P]`; of numbers the loss says it all."""
    population, right = descent.population, torch.ones(len(index), dtype=torch.bool)
    rows, targets = descent.data.gather(index, descent.rows_dtype)
    weights = population.settings.get("target_weights")
    buffers = {name: value.clone() for name, value in population.buffers.items()}
    outputs = population.network(descent.matrix, buffers, population.inputs(rows), population.keys)
    for head, own, wanted in apart(descent.objective.heads, outputs, targets):
        if head.target.task == "classification" and (weights is None or bool((weights[:, head.place] > 0).all())):
            right &= (own.argmax(-1) == wanted).all(1)
    return right


def tiny_rows(subject: Subject, count: int) -> Rows:
    """Training rows of all classes in turn, no two of them equal in what the network is given, ascending."""
    candidates = subject.rows
    distinct = np.unique(subject.inputs(candidates).flatten(1).numpy(), axis=0, return_index=True)[1]
    candidates = candidates[np.sort(distinct)]
    targets = subject.targets(candidates)
    if subject.dataset.schema.task == "classification":
        turn = np.zeros(len(candidates), dtype=np.int64)
        for one in np.unique(targets):
            own = targets == one
            turn[own] = np.arange(own.sum())
        candidates = candidates[np.argsort(turn, kind="stable")]
    return np.sort(candidates[:count])


CHECK = Check(
    "Can it learn a few rows by heart?",
    "A network that cannot bring the loss of 20 rows near 0, without dropout, penalties and augmentation, has a fault: "
    "in its layers, its initial weights, its loss or its targets.",
    look,
)
