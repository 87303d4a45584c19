"""The gradient of the first batch, layer by layer: whether it reaches the first one, and whether units are alike."""

import torch
from torch import Tensor, nn

from foldproof.checks.finding import Seen
from foldproof.checks.member import descent_of, index_of, without_regularisation
from foldproof.checks.row import Check, on_network
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import GradientFlow, Symmetry

PRECISE = 1e7  # to one part in so many of the largest, gradients of equal units agree


def look_at_flow(subject: Subject, block: GradientFlow) -> Seen:
    """The root mean square of each weight's gradient; the first layer's against the last one's."""
    sizes = {name: float(gradient.square().mean().sqrt()) for name, (_, gradient) in _weights(subject).items()}
    figures = {
        "plot": "bars",
        "labels": list(sizes),
        "values": list(sizes.values()),
        "log": True,
        "x_label": "root mean square of the gradient",
        "y_label": "weights",
    }
    if len(sizes) < 2:
        return Seen("a network of one layer has no way for the gradient to get lost on", figures=figures, applies=False)
    (first, at_first), *_, (last, at_last) = sizes.items()
    told = f"the gradient is {at_first:.1e} in the first layer ({first}) and {at_last:.1e} in the last one ({last})"
    if at_first == at_last == 0:
        return Seen("no gradient reaches the first layer, nor the last one", (_draw(subject),), figures)
    if at_first < block.vanishing * at_last:
        vanishing = "It vanishes on the way: take relu or another activation that does not flatten it, or fewer layers."
        return Seen(
            told, (on_network(subject, "model.activation", vanishing), _draw(subject), _normalise(subject)), figures
        )
    if not at_first <= block.exploding * at_last:
        exploding = "It grows from layer to layer: take smaller initial weights, such as auto."
        return Seen(told, (on_network(subject, "model.initializer", exploding), _normalise(subject)), figures)
    return Seen(told, figures=figures)


def _draw(subject: Subject) -> Advice:
    return on_network(
        subject, "model.initializer", "auto draws weights at random, in a size that suits the activation."
    )


def _normalise(subject: Subject) -> Advice:
    return on_network(subject, "model.normalisation", "batch or layer keeps the signals of every layer in size.")


def look_at_symmetry(subject: Subject, block: Symmetry) -> Seen:
    """Units of a layer with equal incoming weights and equal gradients: they are equal for ever."""
    twins = {name: _twins(*both) for name, both in _weights(subject).items()}
    found = {name: share for name, share in twins.items() if share > block.share}
    if not found:
        return Seen(f"in none of {len(twins)} layers do two units begin alike")
    name, share = max(found.items(), key=lambda one: one[1])
    sentence = (
        f"{share:.0%} of the units that {name} leads to have a twin, with equal weights and an equal gradient: "
        "they stay one unit"
    )
    return Seen(sentence, (_draw(subject),))


def _weights(subject: Subject) -> dict[str, tuple[Tensor, Tensor]]:
    """Each weight `[O, ...]` with its gradient, by name; not those of embeddings, of which a batch meets a few rows."""
    descent = descent_of(subject, without_regularisation(subject.population), subject.objective, dtype=torch.float64)
    buffers = descent.population.buffers
    descent.training_losses(index_of(torch.from_numpy(subject.rows), 1), descent.matrix, buffers, 0).sum().backward()
    gradient = descent.matrix.grad
    assert gradient is not None
    network = descent.population.network
    weights, gradients = network.layout.unfold(descent.matrix.detach()), network.layout.unfold(gradient)
    tables = network.parameters_of(nn.Embedding)
    return {name: (one[0], gradients[name][0]) for name, one in weights.items() if one.dim() > 2 and name not in tables}


def _twins(weights: Tensor, gradients: Tensor) -> float:
    """The share of rows of `weights` `[O, ...]` that are equal to another one, as their gradients are but for rounding.

    Rows without a gradient, such as those of a table that no row of the batch asks for, are no twins, unless there is
    none in all of the layer.
    """
    rows, slopes = weights.flatten(1), gradients.flatten(1)
    rounded = (slopes / slopes.abs().max().clamp(min=1e-300) * PRECISE).round()
    moved = (rounded != 0).any(1) if rounded.any() else torch.ones(len(rows), dtype=torch.bool)
    both = torch.cat([rows, rounded], dim=1)[moved]
    _, kind, counts = torch.unique(both, dim=0, return_inverse=True, return_counts=True)
    return float((counts[kind] > 1).sum()) / len(rows)


GRADIENT_FLOW = Check(
    "Does the gradient reach the first layer?",
    "Through many layers a gradient shrinks or grows by a factor a layer: first layers then hardly learn, or jump.",
    look_at_flow,
)
SYMMETRY = Check(
    "Do the units of a layer begin differently?",
    "Units with equal weights and equal gradients make equal steps: a layer of them is one unit wide.",
    look_at_symmetry,
)
