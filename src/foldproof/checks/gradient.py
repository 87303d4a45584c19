"""Back-propagation against differences of the loss, element by element, in double precision.

For an element w of a parameter the gradient must be `(L(w + h) - L(w - h)) / 2h`, up to rounding and curvature. Where
`(L(w + h) - L(w)) / h` and `(L(w) - L(w - h)) / h` differ a little, the loss may have a kink within h (a rectified unit
that turns on, another largest pixel), and the gradient must lie between them. Where they differ widely, or change with
h as much as they differ from the gradient, w lies on or among kinks of several rows, at which any of many numbers is a
gradient: that tells nothing, and is not counted. All changed networks are members of one population.
"""

from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

from foldproof import randomness
from foldproof.checks.finding import Seen
from foldproof.checks.member import descent_of, index_of
from foldproof.checks.row import Check, on_network
from foldproof.checks.subject import Subject, spaced
from foldproof.config.check import GradientCheck
from foldproof.training.descent import Descent

STEPS = (1e-5, 1e-6)  # h, of a weight of size 1 or less: rounding costs about 1e-11 and 1e-10, curvature less
SMALLEST = 1e-5  # of the loss: gradients below it are compared with it, since rounding drowns them
KINK = 1e-2  # difference of the one-sided derivatives, relative to the larger
BY_HAND = (
    "A backward pass written by hand is wrong, in a layer at or behind the last tensor named, or in the loss: derive "
    "it again, or leave it to autograd."
)
LOST = (
    "Either most units lie at their kinks, as with weights and biases of 0, or the network leaves double precision on "
    "the way, as by float()."
)
MOST = 2**23  # elements of the networks that are evaluated at once


@dataclass(frozen=True)
class Compared:
    """Of one parameter tensor: how many elements were compared, how many of them lay at a kink, the largest error."""

    elements: int
    kinks: int
    error: float


def look(subject: Subject, block: GradientCheck) -> Seen:
    """The configured network and loss, masks, augmentation and penalties included, on some training rows."""
    descent = descent_of(subject, subject.population, subject.objective, dtype=torch.float64)
    rows = torch.from_numpy(spaced(subject.rows, block.rows))
    found = compare(descent, rows, block.elements, block.largest_error)
    wrong = {name: one.error for name, one in found.items() if not one.error <= block.largest_error}
    kinks, elements = sum(one.kinks for one in found.values()), sum(one.elements for one in found.values())
    beside = f" ({kinks} of {elements} elements at kinks, not counted)" if kinks else f" ({elements} elements)"
    figures = {
        "plot": "bars",
        "labels": list(found),
        "values": [one.error for one in found.values()],
        "limit": block.largest_error,
        "log": True,
        "x_label": "largest relative error",
        "y_label": "parameter",
    }
    unseen = sum(one.kinks == one.elements for one in found.values())
    if not wrong and (kinks > elements / 2 or unseen >= len(found) / 2):
        sentence = f"{kinks} of {elements} differences of the loss change with their width: little could be compared"
        return Seen(sentence, (on_network(subject, "model.initializer", LOST),), figures)
    if not wrong:
        largest = max((one.error for one in found.values()), default=0.0)
        return Seen(f"largest relative error {largest:.1e} over {len(found)} tensors{beside}", figures=figures)
    named = ", ".join(f"{name} ({error:.1e})" for name, error in list(wrong.items())[:5])
    sentence = (
        f"the gradient is not the derivative of the loss for {len(wrong)} of {len(found)} tensors: {named}{beside}"
    )
    return Seen(sentence, (on_network(subject, "train.loss.name", BY_HAND),), figures)


CHECK = Check(
    "Is the gradient the derivative of the loss?",
    "Training follows the gradient that back-propagation computes. Where that is not the derivative of the loss, steps "
    "lead elsewhere, often well enough to go unnoticed.",
    look,
)


def compare(descent: Descent, rows: Tensor, elements: int, precise: float) -> dict[str, Compared]:
    """For each parameter of a descent of one member, by name: gradients against differences, on `rows` `[B]`.

    Differences from both sides that agree to `precise` are compared with by their mean.
    """
    layout = descent.population.network.layout
    point = descent.matrix.detach().clone()
    loss, gradient = _gradient(descent, rows)
    chosen = _chosen(layout.sizes, elements, descent.population.keys[0])
    places = torch.cat(chosen)
    own, floor = gradient[places], SMALLEST * max(abs(loss), 1e-3)
    (error, kink, mean), (closer, closer_kink, other) = (
        _compared(own, *_differences(descent, rows, point, places, step, loss), floor, precise) for step in STEPS
    )
    size = torch.stack([own.abs(), mean.abs(), other.abs()]).amax(0).clamp(min=floor)
    error = torch.minimum(error, closer)
    kink = kink | closer_kink | ((mean - other).abs() > error * size / 2) & (error > precise)
    error = error.masked_fill(kink, 0.0)
    counts = [len(one) for one in chosen]
    return {
        name: Compared(len(errors), int(kinks.sum()), float(errors.max()))
        for name, errors, kinks in zip(layout.names, error.split(counts), kink.split(counts), strict=True)
    }


def _compared(
    own: Tensor, ahead: Tensor, behind: Tensor, floor: float, precise: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Relative errors `[n]` of gradients by the differences on either side, where these lie at kinks, their mean."""
    low, high, mean = torch.minimum(ahead, behind), torch.maximum(ahead, behind), (ahead + behind) / 2
    size = torch.stack([own.abs(), ahead.abs(), behind.abs()]).amax(0).clamp(min=floor)
    outside = torch.maximum(low - own, own - high).clamp(min=0)
    error = torch.where(high - low > precise * size, outside, (own - mean).abs()) / size
    return error.nan_to_num(nan=inf), high - low > KINK * size, mean


def _differences(
    descent: Descent, rows: Tensor, point: Tensor, places: Tensor, step: float, loss: float
) -> tuple[Tensor, Tensor]:
    """`(L(w + h) - L(w)) / h` and `(L(w) - L(w - h)) / h` of each place, `[n]` each."""
    steps = step * point[0, places].abs().clamp(min=1.0)
    return (
        (_losses(descent, rows, point, places, steps) - loss) / steps,
        (loss - _losses(descent, rows, point, places, -steps)) / steps,
    )


def _gradient(descent: Descent, rows: Tensor) -> tuple[float, Tensor]:
    """The loss and its gradient `[N]`, by back-propagation."""
    descent.matrix.grad = None
    buffers = {name: value.clone() for name, value in descent.population.buffers.items()}
    loss = descent.training_losses(index_of(rows, 1), descent.matrix, buffers, 0)
    loss.sum().backward()
    assert descent.matrix.grad is not None
    return float(loss.detach()[0]), descent.matrix.grad[0]


def _chosen(sizes: list[int], elements: int, key: Tensor) -> list[Tensor]:
    """Some places of each parameter, without repeats, drawn by lot; places count over the whole row of the matrix."""
    found, start = [], 0
    for number, size in enumerate(sizes):
        draws = randomness.words(randomness.fold_in(randomness.at(key, "gradient check"), number), size)
        found.append(start + torch.argsort(draws, stable=True)[:elements].sort().values)
        start += size
    return found


@torch.no_grad()
def _losses(descent: Descent, rows: Tensor, point: Tensor, places: Tensor, steps: Tensor) -> Tensor:
    """The loss where one element is changed, for each of the places, `[n]`."""
    population, found = descent.population, []
    at_once = max(1, MOST // point.shape[1])
    for part, change in zip(places.split(at_once), steps.split(at_once), strict=True):
        copies = len(part)
        matrix = point.repeat(copies, 1)
        matrix[torch.arange(copies), part] += change
        descent.population = population.select(torch.zeros(copies, dtype=torch.int64))
        found.append(descent.training_losses(index_of(rows, copies), matrix, descent.population.buffers, 0))
    descent.population = population
    return torch.cat(found)
