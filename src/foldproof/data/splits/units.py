"""Units: rows that no split may part."""

import numpy as np

from foldproof.data.numbering import as_they_occur
from foldproof.data.splits.manifest import Rows


def units_of(groups: Rows | None, cluster: Rows) -> Rows:
    """Number the rows `[N]` so that equal rows and rows of one group, and whatever these join, have one number.

    Two groups that share a row are one unit, and with a third that shares a row with either of them, so is that.
    Units are numbered as they first occur.

    Args:
        groups: the group of each row, `[N]`; None joins equal rows alone.
        cluster: numbers of equal rows, `[N]`, as `equal_rows` gives them; the row's own place parts them.
    """
    if groups is None:
        return cluster
    _, code = np.unique(groups, return_inverse=True)
    first_row = np.unique(cluster, return_index=True)[1]
    pairs = np.stack([code, code[first_row[cluster]]], axis=1)
    joined = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    parent = np.arange(code.max() + 1)
    for one, other in joined.tolist():
        parent[_root(parent, one)] = _root(parent, other)
    for one in np.unique(joined).tolist():
        parent[one] = _root(parent, one)
    return as_they_occur(parent[code])


def _root(parent: Rows, one: int) -> int:
    """The one that stands for all that are joined with it; the way there is halved for the next."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = int(parent[one])
    return one
