"""Whether the network's outputs have been through what the loss does itself, or what numbers do not survive."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof.checks.finding import Seen
from foldproof.checks.member import descent_of, index_of
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import Outputs
from foldproof.model.output_activations import OutputActivation
from foldproof.training.heads import Head


@dataclass(frozen=True)
class Through:
    """What outputs look as if they had been through, by which of their values, and what comes of it."""

    what: str
    looks: Callable[[Tensor, Tensor, float], bool]
    """of outputs `[n, C]` for targets `[n]` as the loss sees them"""
    then: str


def look(subject: Subject, block: Outputs) -> Seen:
    """Of the first target: outputs that are probabilities already, or that are never below 0, for every row."""
    head = subject.objective.heads[0]
    through = THROUGH[head.loss.output_activation]
    outputs, targets = _outputs(subject, head)
    told = f"outputs lie between {float(outputs.min()):.3g} and {float(outputs.max()):.3g}"
    if not through.looks(outputs, targets, block.tolerance):
        return Seen(told)
    advice = Advice("model.factory", "End the network with its last affine layer.")
    return Seen(f"{told} and look as if they had been through {through.what}: {through.then}", (advice,))


def _sum_to_one(outputs: Tensor, targets: Tensor, tolerance: float) -> bool:
    return _between_zero_and_one(outputs, targets, tolerance) and bool(((outputs.sum(-1) - 1).abs() < tolerance).all())


def _between_zero_and_one(outputs: Tensor, targets: Tensor, tolerance: float) -> bool:  # noqa: ARG001
    return bool(((outputs >= 0) & (outputs <= 1)).all()) and float(outputs.std()) > 0


def _cut_off(outputs: Tensor, targets: Tensor, tolerance: float) -> bool:  # noqa: ARG001
    cut = bool((outputs >= 0).all() and (outputs == 0).any())
    return cut and float(outputs.std()) > 0 and bool((targets < 0).any())


AGAIN = "the loss will do so once more"
THROUGH: dict[OutputActivation, Through] = {
    "softmax": Through("softmax", _sum_to_one, AGAIN),
    "sigmoid": Through("sigmoid", _between_zero_and_one, AGAIN),
    "linear": Through("a rectifier", _cut_off, "targets, as they are learnt, lie below 0 as well"),
}


@torch.no_grad()
def _outputs(subject: Subject, head: Head) -> tuple[Tensor, Tensor]:
    """Of a head, for the subject's rows, as when evaluating: `[n, C]`, and its targets as the loss sees them, `[n]`."""
    descent = descent_of(subject, subject.population, subject.objective, dtype=torch.float64)
    rows, targets = descent.data.gather(index_of(torch.from_numpy(subject.rows), 1), torch.float64)
    population = descent.population
    outputs = population.network(population.matrix, population.buffers, population.inputs(rows))[0, :, head.outputs]
    return outputs, head.scaled(head.own(targets), population.statistics)[0]


CHECK = Check(
    "Are outputs left as the last affine layer gives them?",
    "Softmax or sigmoid applied twice flattens all differences, and a rectifier cuts off half of the numbers: the loss "
    "cannot come near 0, however long one trains.",
    look,
)
