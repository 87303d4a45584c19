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

RAISED = 10.0  # times a penalty, in looking whether the loss rises with it


def look_at_first_loss(subject: Subject, block: FirstLoss) -> Seen:
    """On the subject's rows, as the first step would meet them.

    A network with small weights puts out about 0: of C classes each has probability 1/C, so cross-entropy is ln C; of
    numbers, which are learnt centred and scaled, the squared error is their variance, 1.
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
    if found <= block.factor * silent:
        return Seen(told, figures=figures)
    sure = "The network is sure of things it cannot know yet: take smaller weights, such as auto."
    scale = Advice("preprocess.scale", "Large inputs make large outputs: scale them.")
    return Seen(told, (on_network(subject, "model.initializer", sure), scale), figures)


def look_at_penalty(subject: Subject, block: PenaltyShare) -> Seen:
    """What is added to the loss, as a share of it; of decoupled decay the share of a weight that goes in an epoch."""
    settings, objective = subject.population.settings, subject.objective
    descent = _descent(subject)
    rows = index_of(torch.from_numpy(subject.rows), 1)
    bare = _loss(descent, rows)
    if not 0 <= bare < inf:
        return Seen(f"the first loss is {bare:.4g}, of which nothing can be a share", applies=False)
    rates = {name: float(settings[name][0]) for name in ("l1", "l2")}
    decay = float(settings["weight_decay"][0])
    key = "train.optimizer.weight_decay" if decay else "train.penalty.l1" if rates["l1"] else "train.penalty.l2"
    if objective.optimizer.decay == "decoupled":
        share = float(settings["learning_rate"][0]) * decay * descent.data.steps
        if share > block.largest_share:
            told = f"weight decay takes {min(share, 1):.0%} of every weight in an epoch"
            return Seen(told, (_lower(key),), {"share": share})
    else:
        rates["l2"] += decay  # its gradient is that of the penalty
    added = _added(subject, descent, rows, bare, rates)
    more = _added(subject, descent, rows, bare, {name: RAISED * (rate or 1e-3) for name, rate in rates.items()})
    figures = {"loss": bare, "added": added, "added_by_more": more}
    if not more > added:
        sentence = f"the loss does not rise with the penalty: {added:.4g} is added, and {more:.4g} by a larger one"
        return Seen(
            sentence,
            (on_network(subject, "model.initializer", "All weights are 0: draw them, as auto does."),),
            figures,
        )
    told = f"penalties add {added:.4g} to a first loss of {bare:.4g}, and more when they are raised"
    return Seen(told, () if added <= block.largest_share * bare else (_lower(key),), figures)


def _lower(key: str) -> Advice:
    return Advice(
        key, "It outweighs the rows: the network would rather be 0 than right. Divide it by 100, then raise it."
    )


def _descent(subject: Subject) -> Descent:
    descent = descent_of(subject, subject.population, without_penalties(subject.objective))
    descent.begin()
    return descent


@torch.no_grad()
def _loss(descent: Descent, rows: Tensor) -> float:
    buffers = {name: value.clone() for name, value in descent.population.buffers.items()}
    return float(descent.training_losses(rows, descent.matrix, buffers, 0)[0])


def _silent_loss(descent: Descent, rows: Tensor) -> float:
    """Of outputs that are all 0, for these rows as they are."""
    _, targets = descent.data.gather(rows, descent.rows_dtype)
    outputs = sum(head.target.outputs for head in descent.objective.heads)
    counts = descent.data.row_weights(rows, descent.rows_dtype)
    return float(descent.mean_losses(torch.zeros(1, rows.shape[1], outputs), targets, counts)[0])


def _added(subject: Subject, bare_descent: Descent, rows: Tensor, bare: float, rates: dict[str, float]) -> float:
    """What penalties of these rates add to the loss."""
    own = {name: torch.tensor([rate], dtype=torch.float64) for name, rate in rates.items()}
    population = replace(subject.population, settings=subject.population.settings | own)
    descent = descent_of(subject, population, replace(bare_descent.objective, acting=frozenset(rates)))
    descent.begin()
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
