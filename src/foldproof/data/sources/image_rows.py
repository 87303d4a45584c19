"""Many image files become rows, in chunks: decoded by several threads, in the files' order, with all bad ones named."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Decoding
from foldproof.data.sources.image_files import UnusableImageError, decode
from foldproof.errors import DataError

CHUNK = 1000  # rows in memory at once, fewer where they are large
CHUNK_BYTES = 2**26
HANDED_OUT = 16  # files that a thread takes at a time

Decoded = NDArray[np.uint8] | str  # a row, or what is wrong with its file


def decoded(
    folder: Path, names: Sequence[str], decoding: Decoding, problems: Sequence[str] = ()
) -> Iterator[NDArray[np.uint8]]:
    """Rows `[n, C, H, W]` of the files `names` in a folder, some at a time.

    Raises DataError, once all files have been looked at, with the `problems` already known and each file that cannot
    be used; nothing more is handed out from the first of them on.
    """
    found = list(problems)
    chunk = max(1, min(CHUNK, CHUNK_BYTES // int(np.prod(decoding.shape))))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(names), chunk):
            some = names[start : start + chunk]
            parts = [some[first : first + HANDED_OUT] for first in range(0, len(some), HANDED_OUT)]
            rows = [row for part in threads.map(partial(_decode_some, folder, decoding), parts) for row in part]
            found.extend(row for row in rows if isinstance(row, str))
            if not found:
                yield np.stack([row for row in rows if not isinstance(row, str)])
    if found:
        raise DataError(*found)


def _decode_some(folder: Path, decoding: Decoding, names: Sequence[str]) -> list[Decoded]:
    return [_decode_one(folder / name, decoding) for name in names]


def _decode_one(path: Path, decoding: Decoding) -> Decoded:
    try:
        return decode(path, decoding)
    except UnusableImageError as error:
        return f"{path}: {error}"
