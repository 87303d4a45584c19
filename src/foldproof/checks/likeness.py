"""Whether the rows on which a member stops are like those that it learns from, column by column."""

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foldproof.checks.columns import names_of, numbers_of, uncoded_of
from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import Likeness
from foldproof.data.splits import Rows

if TYPE_CHECKING:
    from torch import Tensor

FEWEST = 5  # rows, or groups, on either side
VARIED = 30  # rows that differ from the commonest value, for the mean of a column to tell something
MENDING: dict[str, Advice] = {  # by the kind of split
    "time": Advice(
        "data.drop", "Later rows are unlike earlier ones: leave out what merely counts time, or hand over differences."
    ),
    "group": Advice(
        "split.inner_share", "The groups set aside are unlike the others: raise it, so that more groups are among them."
    ),
    "random": Advice(
        "split.kind", "Rows dealt at random should be alike: where they come from groups or over time, split by these."
    ),
}


def look(subject: Subject, block: Likeness) -> Seen:
    """Mean of each column in training and in inner validation, in standard deviations over both."""
    rows, inner = subject.rows, subject.inner_validation_rows
    units = _units(subject, rows), _units(subject, inner)
    if min(units) < FEWEST:
        return Seen(f"takes {FEWEST} rows, or groups, of inner validation", applies=False)
    names, one, other = _columns(subject, rows, inner)
    if not names:
        return Seen("rows hold nothing to compare", applies=False)
    limit = max(block.standard_deviations, block.standard_errors * sqrt(1 / units[0] + 1 / units[1]))
    apart = dict(zip(names, differences(one, other).tolist(), strict=True))
    furthest = sorted(apart, key=lambda name: -apart[name])
    figures = {
        "plot": "bars",
        "labels": furthest[:20],
        "values": [apart[name] for name in furthest[:20]],
        "x_label": "difference of means (standard deviations)",
        "limit": limit,
    }
    told = f"of {len(names)} columns, {furthest[0]} differs most: by {apart[furthest[0]]:.2f} standard deviations"
    unlike = [name for name in furthest if apart[name] > limit]
    if not unlike:
        return Seen(told, figures=figures)
    kind = str(subject.split.audit.get("kind", "random"))
    return Seen(f"{told}; {len(unlike)} by more than {limit:.2f}", (MENDING.get(kind, MENDING["random"]),), figures)


def differences(one: "Tensor", other: "Tensor") -> "Tensor":
    """Of columns `[n, F]` and `[m, F]` the difference of their means, over the deviation of all values; `[F]`."""
    import torch

    deviation = torch.cat([one, other]).std(0, correction=0)
    return (one.mean(0) - other.mean(0)).abs() / deviation.clamp(min=1e-12)


def _columns(subject: Subject, rows: Rows, inner: Rows) -> tuple[list[str], "Tensor", "Tensor"]:
    """What is compared, by name: `[n, F]` of training rows and `[m, F]` of inner validation."""
    import torch

    kind = subject.dataset.schema.kind
    if kind == "text":
        # A training token is as one that was not seen where no other would make it known (Good and Turing's estimate).
        fewest = subject.params.preprocess.minimum_count
        sides = (_times_seen(subject, rows) <= fewest, _times_seen(subject, inner) < fewest)
        one, other = (torch.from_numpy(side)[:, None].double() for side in sides)
        return ["share of unknown tokens"], one, other
    one, other = (uncoded_of(subject, part).nan_to_num(0.0, 0.0, 0.0) for part in (rows, inner))
    if kind == "image":
        one, other = (torch.stack([part.mean(1), part.std(1)], 1) for part in (one, other))
        return ["the mean of an image", "the deviation within an image"], one, other
    both = torch.cat([one, other])
    many = (both != both.median(0).values).sum(0) >= VARIED
    names = names_of(subject, numbers_of(subject, rows[:1]).shape[1])
    return [name for name, kept in zip(names, many.tolist(), strict=True) if kept], one[:, many], other[:, many]


def _times_seen(subject: Subject, rows: Rows) -> NDArray[np.int64]:
    """How often the word of each of these rows is that of a training row, `[n]`."""
    middle = subject.dataset.schema.shape[0] // 2
    learnt, asked = (np.asarray(subject.dataset.features[part, middle, 0]) for part in (subject.training_rows, rows))
    words, counts = np.unique(learnt, return_counts=True)
    places = np.minimum(np.searchsorted(words, asked), len(words) - 1)
    return np.where(words[places] == asked, counts[places], 0)


def _units(subject: Subject, rows: Rows) -> int:
    """How many of these rows are independent: one of each group."""
    groups = subject.dataset.groups
    return len(rows) if groups is None else len(np.unique(groups[rows]))


CHECK = Check(
    "Is inner validation like the training rows?",
    "A member stops, and picks its best epoch, on inner validation: where those rows are unlike what it learns from, "
    "it stops at the wrong time.",
    look,
)
