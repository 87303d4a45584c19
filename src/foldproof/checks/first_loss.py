"""The loss before the first step: against that of a network that says nothing, and how penalties raise it."""

from dataclasses import replace
from math import inf, isfinite

import torch
from torch import Tensor

from foldproof.checks.finding import Seen
from foldproof.checks.member import descent_of, index_of, without_penalties
from foldproof.checks.row import Check, on_network
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import FirstLoss, PenaltyShare
from foldproof.training.descent import Descent
from foldproof.training.divergence import divergence_limits

RAISED = 10.0  # times a penalty, in looking whether the loss rises with it


def look_at_first_loss(subject: Subject, block: FirstLoss) -> Seen:
    """On the subject's rows, as the first step would meet them.

    A network that knows nothing gives each of C classes the probability 1/C, so that cross-entropy is ln C; of numbers
    it can do no better than their mean, and the squared error is their variance, 1 where they are learnt scaled. A loss
    with a ceiling is judged as divergence is.
    """
    descent = _descent(subject)
    rows = index_of(torch.from_numpy(subject.rows), 1)
    found, silent = _loss(descent, rows), _silent_loss(descent, rows)
    told = f"{found:.4g} before the first step; a network that says nothing would have {silent:.4g}"
    figures = {"loss": found, "of_saying_nothing": silent}
    if silent < 0 or found < 0 or not isfinite(found + silent):
        sentence = f"{told}: a loss that is below 0, or no number, cannot be brought near 0"
        advice = (Advice("train.loss.name", "Is its sign right?"), Advice("data.source", "Are all rows numbers?"))
        return Seen(sentence, advice, figures)
    limit = divergence_limits(torch.tensor(silent), block.factor, subject.population.settings["loss_ceiling"])
    if found <= float(limit[0]):
        return Seen(told, figures=figures)
    sure = "The network is sure of things it cannot know yet: take smaller weights, such as auto."
    scale = Advice("preprocess.scale", "Large inputs make large outputs: scale them.")
    center = Advice("preprocess.target", "standard learns numbers centred and scaled, which is where networks begin.")
    advice = (on_network(subject, "model.initializer", sure), scale)
    return Seen(told, (center, *advice) if subject.params.preprocess.target == "none" else advice, figures)


def look_at_penalty(subject: Subject, block: PenaltyShare) -> Seen:
    """What is added to the loss, as a share of it; of decoupled decay the share of a weight that goes in an epoch."""
    settings, objective = subject.population.settings, subject.objective
    descent = _descent(subject)
    rows = index_of(torch.from_numpy(subject.rows), 1)
    bare = _loss(descent, rows)
    if not 0 <= bare < inf:
        return Seen(f"the first loss is {bare:.4g}, of which nothing can be a share", applies=False)
    decay, decoupled = float(settings["weight_decay"][0]), objective.optimizer.decay == "decoupled"
    share = float(settings["learning_rate"][0]) * decay * descent.data.steps
    if decoupled and share > block.largest_share:
        told = f"weight decay takes {min(share, 1):.0%} of every weight in an epoch"
        return Seen(told, (_lower("train.optimizer.weight_decay"),), {"share": share})
    rates = {"train.penalty.l1": ("l1", float(settings["l1"][0])), "train.penalty.l2": ("l2", float(settings["l2"][0]))}
    if not decoupled:
        rates["train.optimizer.weight_decay"] = ("l2", decay)  # its gradient is that of the penalty
    added = {key: _added(subject, descent, rows, bare, *rate) for key, rate in rates.items()}
    whole, heaviest = sum(added.values()), max(added, key=added.__getitem__)
    larger = [(name, RAISED * (rate or 1e-3)) for name, rate in rates.values()]
    more = [_added(subject, descent, rows, bare, *rate) for rate in larger]
    figures = {"loss": bare, "added": whole, "added_by_more": sum(more)}
    if not all(raised > own for raised, own in zip(more, added.values(), strict=True)):
        sentence = f"the loss does not rise with the penalty: {whole:.4g} is added, and {sum(more):.4g} by a larger one"
        draw = on_network(subject, "model.initializer", "All weights are 0: draw them, as auto does.")
        return Seen(sentence, (draw,), figures)
    told = f"penalties add {whole:.4g} to a first loss of {bare:.4g}, and more when they are raised"
    return Seen(told, () if whole <= block.largest_share * bare else (_lower(heaviest),), figures)


def _lower(key: str) -> Advice:
    return Advice(
        key, "It outweighs the rows: the network would rather be 0 than right. Divide it by 100, then raise it."
    )


def _descent(subject: Subject) -> Descent:
    return descent_of(subject, subject.population, without_penalties(subject.objective))


@torch.no_grad()
def _loss(descent: Descent, rows: Tensor) -> float:
    buffers = {name: value.clone() for name, value in descent.population.buffers.items()}
    return float(descent.training_losses(rows, descent.matrix, buffers, 0)[0])


def _silent_loss(descent: Descent, rows: Tensor) -> float:
    """Of even probabilities, and of the mean of each target that is a number, for these rows as they are."""
    _, targets = descent.data.gather(rows, descent.rows_dtype)
    heads, counts = descent.objective.heads, descent.data.row_weights(rows, descent.rows_dtype)
    outputs = torch.zeros(1, rows.shape[1], sum(head.target.outputs for head in heads))
    for head in heads:
        if head.target.task == "regression":
            outputs[..., head.outputs] = head.scaled(head.own(targets), descent.population.statistics).mean()
    return float(descent.mean_losses(outputs, targets, counts)[0])


def _added(subject: Subject, bare_descent: Descent, rows: Tensor, bare: float, name: str, rate: float) -> float:
    """What a penalty of this name and rate alone adds to the loss."""
    own = {name: torch.tensor([rate], dtype=torch.float64)}
    population = replace(subject.population, settings=subject.population.settings | own)
    descent = descent_of(subject, population, replace(bare_descent.objective, acting=frozenset(own)))
    return _loss(descent, rows) - bare


FIRST_LOSS = Check(
    "Is the first loss that of a network that knows nothing yet?",
    "Before it has learnt anything a network should not be sure: its loss is then about ln C for C classes, and the "
    "variance for numbers. Far above it, weights or inputs are too large, or targets are not what they seem.",
    look_at_first_loss,
)
PENALTY = Check(
    "Do penalties leave the rows a say?",
    "Penalties and weight decay pull all weights to 0. The loss must rise with them; where they are most of it, that "
    "is all the network learns.",
    look_at_penalty,
)
