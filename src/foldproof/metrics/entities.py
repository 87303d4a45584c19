"""Entities that tags spell out token by token, and how many of them are found whole.

Tags are O, B-X (an entity of type X begins) and I-X (it goes on). As in the scorer of CoNLL-2000 and in seqeval's
default, an I-X that continues no X, at the start of a sentence, after O or after another type, begins an entity too.
An entity is found where begin, end and type are all right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foldproof.metrics import classification
from foldproof.metrics.classification import Array

Counts = NDArray[np.int64]

_TAG = re.compile(r"O|[BI]-(.+)")


@dataclass(frozen=True)
class Sequences:
    """What tags mean: the names of the classes, and the sequence that each row `[n]` belongs to, in the rows' order.

    Without groups every row is a sequence of its own.
    """

    classes: tuple[str, ...]
    groups: Array | None = None

    def of(self, rows: Array) -> "Sequences":
        """Those of some rows, in their order."""
        return Sequences(self.classes, None if self.groups is None else np.asarray(self.groups)[rows])


def are_tags(classes: Sequence[str]) -> bool:
    """Whether all classes are O, B-X or I-X, and one of them begins an entity."""
    return all(_TAG.fullmatch(name) for name in classes) and any(name[:2] == "B-" for name in classes)


def entity_f1(targets: Array, predictions: Array, sequences: Sequences) -> float:
    """`F1 = 2 found / (entities + predicted entities)`, in [0, 1]; 1 where there is none of either.

    Args:
        targets: class indices `[n]`.
        predictions: probabilities `[n, C]`; the tag is the most probable class.
        sequences: what the classes are called, and where sentences end.
    """
    found, predicted, actual = (part.sum() for part in contributions(targets, predictions, sequences))
    return float(2 * found / (predicted + actual)) if predicted + actual else 1.0


def entity_f1_of_draws(targets: Array, predictions: Array, draws: Counts, sequences: Sequences) -> NDArray[np.float64]:
    """The same for many draws of rows `[B, n]`, -1 for none, that hold each sequence whole or not at all."""
    there = draws >= 0
    found, predicted, actual = (
        np.where(there, part[draws], 0).sum(axis=1) for part in contributions(targets, predictions, sequences)
    )
    whole = predicted + actual
    return np.asarray(np.divide(2 * found, whole, out=np.ones(len(draws)), where=whole > 0))


def contributions(targets: Array, predictions: Array, sequences: Sequences) -> tuple[Counts, Counts, Counts]:
    """At the row where it begins, 1 for an entity found, for one predicted, and for one that is there, `[n]` each."""
    actual, probabilities = classification.checked(targets, predictions)
    borders = _borders(sequences.groups, len(actual))
    begins, ends, kinds = _entities(actual, sequences.classes, borders)
    own_begins, own_ends, own_kinds = _entities(probabilities.argmax(axis=1), sequences.classes, borders)
    found = begins & own_begins & (ends == own_ends) & (kinds == own_kinds)
    return found.astype(np.int64), own_begins.astype(np.int64), begins.astype(np.int64)


def _borders(groups: Array | None, rows: int) -> NDArray[np.bool_]:
    """Whether a sequence begins at each row, and one past the last row, `[n + 1]`."""
    borders = np.ones(rows + 1, dtype=bool)
    if groups is not None:
        borders[1:-1] = groups[1:] != groups[:-1]
    return borders


def _entities(
    codes: Array, classes: Sequence[str], borders: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Counts, Counts]:
    """Of each row: whether an entity begins there, the row past its end if so, and its type, -1 outside, `[n]` each."""
    types = [match[1] if (match := _TAG.fullmatch(name)) else None for name in classes]
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(types)) if kind is not None}
    kind_of_class = np.array([numbers.get(kind, -1) if kind else -1 for kind in types])
    begins_of_class = np.array([name[:2] == "B-" for name in classes])
    kinds = kind_of_class[codes]
    continued = np.zeros(len(codes), dtype=bool)
    continued[1:] = (kinds[1:] == kinds[:-1]) & ~borders[1:-1]
    continued &= ~begins_of_class[codes]
    begins = (kinds >= 0) & ~continued
    ends_at = np.append(np.flatnonzero(~continued | (kinds < 0)), len(codes))
    ends = ends_at[np.searchsorted(ends_at, np.arange(len(codes)), side="right")]
    return begins, ends, kinds
