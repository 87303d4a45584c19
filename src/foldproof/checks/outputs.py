"""Whether the network's outputs have gone through what the loss will put them through again."""

import torch
from torch import Tensor

from foldproof.checks.finding import Seen
from foldproof.checks.member import descent_of, index_of
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import Outputs


def look(subject: Subject, block: Outputs) -> Seen:
    """Of the first target: outputs that are probabilities already, for every row."""
    head = subject.objective.heads[0]
    activation = head.loss.output_activation
    looks = LOOKS.get(activation)
    if looks is None:
        return Seen("the loss takes the outputs as they are", applies=False)
    outputs = _outputs(subject)[..., head.outputs]
    told = f"outputs lie between {float(outputs.min()):.3g} and {float(outputs.max()):.3g}"
    if not looks(outputs, block.tolerance):
        return Seen(f"{told}, and the loss puts them through {activation}")
    advice = f"End the network with its last affine layer: the loss puts its outputs through {activation} itself."
    sentence = f"{told} and look as if they had been through {activation}, which the loss will do once more"
    return Seen(sentence, (Advice("model.factory", advice),))


def _summing_to_one(outputs: Tensor, tolerance: float) -> bool:
    return _between(outputs) and bool(((outputs.sum(-1) - 1).abs() < tolerance).all())


def _between_zero_and_one(outputs: Tensor, tolerance: float) -> bool:  # noqa: ARG001
    return _between(outputs)


def _between(outputs: Tensor) -> bool:
    return bool(((outputs >= 0) & (outputs <= 1)).all()) and float(outputs.std()) > 0


LOOKS = {"softmax": _summing_to_one, "sigmoid": _between_zero_and_one}


@torch.no_grad()
def _outputs(subject: Subject) -> Tensor:
    """For the subject's rows `[n, K]`, as when evaluating."""
    descent = descent_of(subject, subject.population, subject.objective, dtype=torch.float64)
    rows, _ = descent.data.gather(index_of(torch.from_numpy(subject.rows), 1), torch.float64)
    population = descent.population
    return population.network(population.matrix, population.buffers, population.inputs(rows))[0]


CHECK = Check(
    "Are outputs left for the loss to turn into probabilities?",
    "Softmax or sigmoid applied twice flattens all differences: the loss cannot come near 0, however long one trains.",
    look,
)
