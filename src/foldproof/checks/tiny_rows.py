"""Whether the network can learn a few rows by heart, when nothing keeps it from that."""

from dataclasses import replace

import numpy as np
import torch

from foldproof.checks.finding import Seen
from foldproof.checks.member import descent_of, index_of, without_penalties, without_regularisation
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import TinyRows
from foldproof.config.optimizer import Adam
from foldproof.data.splits import Rows
from foldproof.training.optimizers import OPTIMIZERS

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03)  # of Adam, all at once: whichever gets there first


def look(subject: Subject, block: TinyRows) -> Seen:
    """The best of some copies of the member, each trained by Adam at a rate of its own."""
    population = without_regularisation(subject.population)
    outputs = subject.dataset.schema.outputs
    enough = population.matrix.shape[1] // outputs // 2  # a linear map of as many rows as it has inputs is no feat
    rows = tiny_rows(subject, max(2, min(block.rows, enough)))
    objective = replace(
        without_penalties(subject.objective),
        optimizer=OPTIMIZERS["adam"],
        block=Adam(),
        factor_of_epochs=lambda _: 1.0,
    )
    descent = descent_of(subject, population, objective, len(RATES))
    rates = torch.tensor(RATES, dtype=torch.float64)
    descent.population = replace(descent.population, settings=descent.population.settings | {"learning_rate": rates})
    descent.begin()
    index, losses = index_of(torch.from_numpy(rows), len(RATES)), list[torch.Tensor]()
    for _ in range(block.steps):
        descent.begin_epoch()
        descent.step(index)
        losses.append(descent.losses.sums())
        if losses[-1].nan_to_num(nan=np.inf).min() <= block.loss * losses[0].min():
            break
    course = torch.stack(losses).nan_to_num(nan=np.inf)
    first, best = float(course[0].min()), float(course.min())
    told = f"loss on {len(rows)} rows from {first:.4g} to {best:.3g} in {len(course)} steps"
    figures = {
        "plot": "line",
        "x": list(range(len(course))),
        "y": course[:, int(course.min(0).values.argmin())].tolist(),
        "limit": block.loss * first,
        "log": True,
        "x_label": "step",
        "y_label": f"loss on {len(rows)} rows",
    }
    if best <= block.loss * first:
        return Seen(told, figures=figures)
    advice = (
        Advice(
            "model.name", "Look at the findings above first; a network this small in width or this deep may not do."
        ),
        Advice("train.loss.name", "If rows are fine: is the loss what its outputs are made for?"),
        Advice("data.source", "Rows that are equal but for their target cannot be learnt: see the profile."),
    )
    return Seen(f"{told}: it cannot even learn these by heart", advice, figures)


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
