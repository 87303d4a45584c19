"""Two classes that are one: among the rows of both, the nearest neighbour of a row is as often of either."""

from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from foldproof.checks.alike import distances
from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import SameClasses

if TYPE_CHECKING:
    from torch import Tensor

ENOUGH = 10  # rows of a class among those looked at
# Two standard errors of the mean share of classes with n and m rows, 1/4 sqrt(1/n + 1/m), times sqrt 2, since two rows
# are often each other's nearest: a share further from 1/2 is no accident, and then the classes are not one.
CHANCE = sqrt(1 / 2)


def look(subject: Subject, block: SameClasses) -> Seen:
    """Pairs of classes of the first target; a pair is told where its rows mix and those of most pairs do not."""
    import torch

    schema = subject.dataset.schema
    targets = subject.targets(subject.rows)
    sizes = np.bincount(targets) if schema.classes else np.zeros(0, dtype=np.int64)
    classes = np.flatnonzero(sizes >= ENOUGH)
    if len(classes) < 3:
        return Seen(f"takes three classes of at least {ENOUGH} rows", applies=False)
    apart, of_row = distances(subject, subject.rows), torch.from_numpy(targets)
    pairs = [(own_share(apart, of_row, int(a), int(b)), int(a), int(b)) for a, b in combinations(classes, 2)]
    pairs.sort()
    middle = float(np.median([share for share, _, _ in pairs]))
    figures = {
        "plot": "bars",
        "labels": [f"{schema.classes[a]}, {schema.classes[b]}" for _, a, b in pairs[:20]],
        "values": [share for share, _, _ in pairs[:20]],
        "x_label": "neighbours of the same class, of each pair",
        "limit": block.own_share,
    }
    share, first, second = pairs[0]
    told = (
        f"rows of {schema.classes[first]} and {schema.classes[second]} are told apart least: {share:.2f} of their "
        f"nearest neighbours among both have their class, of the middle pair {middle:.2f}"
    )
    mixed = [
        f"{schema.classes[a]} and {schema.classes[b]}"
        for one, a, b in pairs
        if one < min(block.own_share, 0.5 + CHANCE * sqrt(1 / sizes[a] + 1 / sizes[b]))
    ]
    if not mixed or middle < block.others:
        return Seen(told, figures=figures)
    sentence = f"Look at rows of {', '.join(mixed[:5])}: join in the data what is one class under two names."
    advice = [Advice("data.target", sentence)]
    if subject.params.preprocess.pca != "none":
        advice.append(Advice("preprocess.pca", "Or what parts them lies in components that are dropped: keep more."))
    return Seen(told, tuple(advice), figures)


def own_share(apart: "Tensor", targets: "Tensor", first: int, second: int) -> float:
    """Of the rows of two classes: how often the nearest of the others, by distances `[n, n]`, has the same class.

    The mean of both classes' shares, so that 0.5 is chance also where one has more rows.
    """
    places = ((targets == first) | (targets == second)).nonzero().flatten()
    among = apart[places][:, places].fill_diagonal_(float("inf"))
    own = targets[places]
    same = (own[among.argmin(1)] == own).double()
    return float((same[own == first].mean() + same[own == second].mean()) / 2)


CHECK = Check(
    "Are the classes different things?",
    "Where one thing has two names in the data, no network can tell which of them is asked for.",
    look,
)
