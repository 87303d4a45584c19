"""Whether targets go with the rows beside which they stand, and not with those one row before or after.

A kernel regression is fitted to every other row and asked about the rest, the other way round too: z' is what rows that
look alike tell of a target z, both standardised, and the mean of z z' over rows is their correlation. Of classes z are
the zeros and ones of each class, and the mean goes over classes too. By chance it is 0, with a standard error
of at most `sqrt(2 / n) |R| / C`: R `[C, C]` are the correlations between the z of C classes, and the two halves answer
each other, so that their errors may go together.
"""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.checks.alike import distances
from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject, spaced
from foldproof.config.advice import Advice
from foldproof.config.check import Relation
from foldproof.data.splits import Rows

if TYPE_CHECKING:
    from torch import Tensor

ENOUGH = 50  # rows
RIDGE = 1.0  # added to the kernel's diagonal, whose elements are 1
BESIDE = {-1: "before", 1: "after"}
DETECTABLE = 0.35  # correlation that must be able to show before its absence is told
CLEARLY = 0.1  # by which the correlation with targets of other rows must be higher

NOTHING_TOLD = Advice(
    "data.target",
    "Is it the right column, and in the order of the rows? If so, rows tell little of it, and so may any network.",
)
SHIFTED = (
    Advice(
        "data.source",
        "Rows and targets are shifted by one: do both come in one order, and is a heading read as a row of one?",
    ),
    Advice("data.time", "Or rows follow one another, and columns tell of the row before: name the column of the time."),
)


@dataclass(frozen=True)
class Told:
    """`z z'` of each row `[n]`, and the standard error of its mean by chance."""

    products: NDArray[np.float64]
    chance: float

    @property
    def correlation(self) -> float:
        """Of targets with what rows that look alike tell of them."""
        return float(self.products.mean())


def look(subject: Subject, block: Relation) -> Seen:
    """The first target. Rows in time are not compared with their neighbours, of which columns may well tell."""
    if len(subject.rows) < ENOUGH:
        return Seen(f"takes at least {ENOUGH} training rows", applies=False)
    own = told(distances(subject, subject.rows), _standardised(subject, subject.rows))
    if own is None:
        return Seen("all targets are the same", applies=False)
    figures = {"correlation": own.correlation, "chance": own.chance}
    for shift, beside in BESIDE.items() if subject.dataset.times is None else ():
        if moved := _moved(subject, block, shift):
            sentence = (
                f"targets stand beside the wrong rows: that of the row {beside} goes with a row by correlation "
                f"{moved[1]:.3f}, its own by {moved[0]:.3f}"
            )
            return Seen(sentence, SHIFTED, figures | {"shift": shift, "shifted": moved[1]})
    least = block.standard_errors * own.chance
    if own.correlation <= least and least > DETECTABLE:
        return Seen(f"too few rows: a correlation below {least:.2g} would not show", figures=figures, applies=False)
    sentence = (
        f"rows that look alike tell the target with correlation {own.correlation:.3f}; by chance 0 ± {own.chance:.3f}"
    )
    return Seen(sentence, (NOTHING_TOLD,) if own.correlation <= least else (), figures)


def _moved(subject: Subject, block: Relation, shift: int) -> tuple[float, float] | None:
    """The correlations with a row's own target and with that of the row `shift` further, if the latter is better."""
    training = subject.training_rows
    rows = spaced(training[np.isin(training + shift, training)], subject.params.check.rows)
    if len(rows) < ENOUGH:
        return None
    apart = distances(subject, rows)
    own, other = (told(apart, _standardised(subject, rows + by)) for by in (0, shift))
    if own is None or other is None or other.correlation < own.correlation + CLEARLY:
        return None
    gain = other.products - own.products
    enough = gain.mean() > block.shifted * gain.std() / sqrt(len(gain))
    beyond_chance = other.correlation > block.standard_errors * other.chance
    return (own.correlation, other.correlation) if enough and beyond_chance else None


def told(apart: "Tensor", targets: "Tensor") -> Told | None:
    """What rows with squared distances `[n, n]` tell of standardised targets `[n, C]`; None where these have no column.

    The kernel is `exp(-d^2 / 2m)`, m the median of all d^2 between two rows.
    """
    import torch

    count, outputs = targets.shape
    if not outputs:
        return None
    between = torch.ones_like(apart, dtype=torch.bool).fill_diagonal_(False)
    kernel = torch.exp(-apart / (2 * apart[between].median().clamp(min=1e-12)))
    answers = torch.zeros_like(targets)
    for asked in (0, 1):
        fitted, rest = slice(1 - asked, None, 2), slice(asked, None, 2)
        ridge = kernel[fitted, fitted] + RIDGE * torch.eye(len(range(count)[fitted]), dtype=kernel.dtype)
        wanted = targets[fitted] - targets[fitted].mean(0)
        answers[rest] = standardised(kernel[rest, fitted] @ torch.linalg.solve(ridge, wanted))
    together = targets.T @ targets / count
    chance = sqrt(2 / count) * float(together.square().sum().sqrt()) / outputs
    return Told((targets * answers).mean(1).numpy(), chance)


def _standardised(subject: Subject, rows: Rows) -> "Tensor":
    """Targets of rows as z `[n, C]`; classes that none or all of them have are left out."""
    import torch

    targets: Any = torch.from_numpy(subject.targets(rows))
    if subject.dataset.schema.classes:
        targets = torch.nn.functional.one_hot(targets.long(), len(subject.dataset.schema.classes))
    columns = targets.double().reshape(len(rows), -1).nan_to_num(0.0, 0.0, 0.0)
    return standardised(columns[:, columns.std(0) > 0])


def standardised(columns: "Tensor") -> "Tensor":
    """Columns `[n, C]` with mean 0 and standard deviation 1; one that is constant becomes 0."""
    centred = columns - columns.mean(0)
    return centred / centred.std(0, correction=0).clamp(min=1e-12)


CHECK = Check(
    "Do targets go with their rows?",
    "Rows that look alike should have like targets. Where they have not, targets are shuffled or stand beside the "
    "wrong rows, or the rows say nothing of them.",
    look,
)
