"""Equal rows, found by their hashes: rows are read in chunks, and 16 bytes of each are kept.

Profile, split and audit all count copies with these, so that none calls equal what another parts; and a model keeps
those of the rows that it has learnt from.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.text.vocabulary import BESIDE
from foldproof.reproducibility import seed_of

CHUNK = 2**24  # bytes of rows that are in memory at once
Digests = NDArray[np.uint64]
Rows = NDArray[np.int64]


def digests_of(dataset: Dataset, seed: int = 0) -> Digests:
    """A hash of each row's values, `[N, 2]`, of 128 bits: equal rows, and only they, have equal ones.

    NaN equals NaN, and -0.0 equals 0.0. Of a category counts what it is called, since its code changes as soon as a
    value that sorts before it comes to the data. A row of text equals another one where their whole sentences are
    equal and they have the same place in them: windows of different sentences may well be equal, and are no copies.
    So the same row of the same kind of data has the same hash in a renamed, a sorted or a longer file.
    """
    salt, features = seed_of("test set", seed).to_bytes(8, "little"), dataset.features
    if dataset.schema.kind == "text":
        features = features[:, features.shape[1] // 2]  # the token itself: its neighbours are rows of the sentence
    found = _of_rows(features, _names_of(dataset), salt)
    if dataset.schema.kind == "text" and dataset.groups is not None:
        return _of_places(found, np.asarray(dataset.groups), salt)
    return found


def equal_rows(digests: Digests) -> Rows:
    """Number rows with equal digests alike, `[N]`, in the order in which they first occur."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable, so that the first of equal rows is the earliest
    in_order = digests[order]
    starts = np.flatnonzero(np.concatenate([[True], (in_order[1:] != in_order[:-1]).any(axis=1)]))
    earliest = np.empty(len(order), dtype=np.int64)
    earliest[order] = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
    return np.unique(earliest, return_inverse=True)[1]


def counts_of(cluster: Rows, targets: NDArray[Any]) -> dict[str, int]:
    """From the rows' numbers `[N]` and targets `[N]` or `[N, T]`.

    `duplicate_clusters` are sets of two or more equal rows, `duplicate_rows` the rows in them, the first of each among
    them, and `conflicting_duplicates` the sets whose rows have different targets.
    """
    sizes = np.bincount(cluster)
    wanted = np.asarray(targets).reshape(len(cluster), -1)
    first_row = np.unique(cluster, return_index=True)[1]
    conflicting = np.unique(cluster[(wanted != wanted[first_row[cluster]]).any(axis=1)])
    return {
        "duplicate_clusters": int((sizes > 1).sum()),
        "duplicate_rows": int(sizes[sizes > 1].sum()),
        "conflicting_duplicates": len(conflicting),
    }


def _names_of(dataset: Dataset) -> dict[int, NDArray[np.uint64]]:
    """By the place of each column of categories: what stands for a missing and an unseen value, and each of its own.

    Behind those what stands for codes that are no value's: of a window beyond the sentence, and of an unknown word.
    """
    return {
        place: np.array([0, 1, *map(_hash_of, column.values), *range(2, 2 + BESIDE)], dtype=np.uint64)
        for place, column in enumerate(dataset.schema.columns)
        if column.kind == "category"
    }


def _hash_of(value: str) -> int:
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "little")


def _of_rows(features: NDArray[Any], names: dict[int, NDArray[np.uint64]], salt: bytes) -> Digests:
    width = int(np.prod(features.shape[1:])) * features.dtype.itemsize + 8 * len(names)
    rows = max(1, CHUNK // max(1, width))
    empty = hashlib.blake2b(digest_size=16, key=salt)
    found = bytearray()
    for start in range(0, len(features), rows):
        content = memoryview(_content(features[start : start + rows], names))
        for place in range(0, len(content), width):
            digest = empty.copy()
            digest.update(content[place : place + width])
            found += digest.digest()
    return np.frombuffer(found, dtype="<u8").reshape(-1, 2)


def _content(rows: NDArray[Any], names: dict[int, NDArray[np.uint64]]) -> bytes:
    """Rows one after the other; the hashes of its categories, whose codes are taken out, behind each."""
    rows = _canonical(rows)
    if not names:
        return rows.tobytes()
    rows = np.array(rows)
    codes = {place: np.nan_to_num(rows[:, place], nan=-2).astype(np.int64) for place in names}  # -1 is an unseen value
    hashes = np.stack([names[place][found + 2] for place, found in codes.items()], axis=1)
    rows[:, list(names)] = 0
    return np.concatenate([rows.view(np.uint8), hashes.view(np.uint8)], axis=1).tobytes()


def _canonical(rows: NDArray[Any]) -> NDArray[Any]:
    """Equal values as equal bytes."""
    if not np.issubdtype(rows.dtype, np.floating):
        return rows
    rows = rows + rows.dtype.type(0)  # -0.0 equals 0.0 but has other bytes
    rows[np.isnan(rows)] = np.nan
    return rows


def _of_places(digests: Digests, groups: Rows, salt: bytes) -> Digests:
    """The hash of each row's whole group, rows in order, plus its place in it."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(groups[order]) != 0]))
    sizes = np.diff(np.append(starts, len(groups)))
    in_order = digests[order]
    of_groups = b"".join(
        hashlib.blake2b(in_order[start : start + size].tobytes(), digest_size=16, key=salt).digest()
        for start, size in zip(starts, sizes, strict=True)
    )
    found = np.empty_like(digests)
    found[order] = np.repeat(np.frombuffer(of_groups, dtype="<u8").reshape(-1, 2), sizes, axis=0)
    found[order, 1] += (np.arange(len(groups)) - np.repeat(starts, sizes)).astype(np.uint64)
    return found
