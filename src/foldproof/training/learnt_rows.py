"""Which rows a model's members have learnt from, in 8 bytes a row; a start that has seen a held-out row is refused.

The hashes know neither the split's seed nor the file's name, and are of the text of a category, not of its code: the
same row has the same hash in a renamed, a sorted or a longer file. A row counts as the same where all its features are;
what is predicted of it is left out, since a network may have seen the row for another purpose. Rows whose features were
changed, or that got a column more, are not found; nor, of a model written without these hashes, is any.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.duplicates import digests_of
from foldproof.data.splits import Role, Split
from foldproof.errors import ConfigError
from foldproof.model.start import Start
from foldproof.model.start_source import WHERE

SHOWN = 5  # rows that are named
Digests = NDArray[np.int64]


def digests_of_rows(dataset: Dataset) -> Digests:
    """A hash of each row's features, `[N]`, of 64 bits; a row of text is a token at its place in a whole sentence."""
    return digests_of(dataset)[:, 1].view(np.int64)


@dataclass(frozen=True)
class LearntRows:
    """For each member the hashes, ascending, of the rows that its weights have learnt from or were chosen by.

    They are complete where those of all that it started from are among them.
    """

    rows: tuple[Digests, ...]
    complete: bool


def learnt_rows(dataset: Dataset, split: Split, start: Start | None) -> LearntRows:
    """Those of a member's own training part and of its start, and so of all before it, as far as they are known."""
    digests = digests_of_rows(dataset)
    own = [np.unique(digests[split.training_part(index)]) for index in range(len(split.members))]
    if start is None:
        return LearntRows(tuple(own), True)
    if start.learnt_rows:
        own = [np.union1d(one, start.learnt_rows[_place(start, split, index)]) for index, one in enumerate(own)]
    return LearntRows(tuple(own), start.complete)


def refuse_seen_rows(start: Start | None, dataset: Dataset, split: Split) -> None:
    """Raise ConfigError where a member would start from weights that have learnt from its scored rows, or test rows.

    A held-out row whose copy the member may learn from itself does not count: the split put up with that.
    """
    if start is None or not start.learnt_rows:
        return
    digests = digests_of_rows(dataset)
    leaking = {}
    for index, member in enumerate(split.members):
        held_out = np.flatnonzero(np.isin(split.roles[index], (Role.SCORED, Role.TEST)))
        seen = np.isin(digests[held_out], start.learnt_rows[_place(start, split, index)])
        seen &= ~np.isin(digests[held_out], digests[split.training_part(index)])
        if seen.any():
            leaking[member.name] = held_out[seen]
    if leaking:
        rows = np.unique(np.concatenate(list(leaking.values())))
        listed = ", ".join(map(str, rows[:SHOWN])) + (", ..." if len(rows) > SHOWN else "")
        raise ConfigError(
            f"{WHERE}: found a model that has learnt, itself or through what it started from, from {len(rows)} rows "
            f"({listed}) which are held out here from {', '.join(leaking)}; legal: a model of other rows, or of the "
            "same split of the same data"
        )


def _place(start: Start, split: Split, index: int) -> int:
    member = split.members[index]
    return start.place_of(member.repeat, member.fold, index)
