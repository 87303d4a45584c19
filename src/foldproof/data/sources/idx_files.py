"""The IDX format of MNIST and its kin: a header that names type and shape, then the values; often compressed by gzip.

Bytes 0 and 1 are zero, 2 is the type, 3 the number of dimensions; then each dimension's length as a big-endian 32-bit
integer; then the values, big-endian, the last dimension running fastest (LeCun, yann.lecun.com/exdb/mnist).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.compressed import opened
from foldproof.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK_BYTES = 2**24  # of rows in memory at once


@dataclass(frozen=True)
class IdxFile:
    """An IDX file whose header has been read."""

    path: Path
    type: np.dtype[Any]
    shape: tuple[int, ...]  # rows first

    @classmethod
    def open(cls, path: Path) -> "IdxFile":
        """Read the header; raises DataError where it is none."""
        with opened(path) as stream:
            start = stream.read(4)
            if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or start[3] == 0:
                raise DataError(
                    f"{path}: starts with {start.hex(' ') or 'nothing'}, which is no IDX file's magic number"
                )
            lengths = stream.read(4 * start[3])
            if len(lengths) < 4 * start[3]:
                raise DataError(f"{path}: ends in its header")
            return cls(path, np.dtype(TYPES[start[2]]), struct.unpack(f">{start[3]}I", lengths))

    def rows(self) -> Iterator[NDArray[Any]]:
        """The values, some rows at a time; raises DataError where there are fewer or more than the header says."""
        row = int(np.prod(self.shape[1:])) * self.type.itemsize
        at_once = max(1, CHUNK_BYTES // max(row, 1))
        with opened(self.path) as stream:
            stream.read(4 + 4 * len(self.shape))
            for start in range(0, self.shape[0], at_once):
                wanted = min(at_once, self.shape[0] - start)
                content = stream.read(wanted * row)
                if len(content) < wanted * row:
                    there = start + len(content) // row
                    raise DataError(f"{self.path}: cut short: {there} whole rows, the header says {self.shape[0]}")
                yield np.frombuffer(content, self.type).reshape(wanted, *self.shape[1:])
            if stream.read(1):
                raise DataError(f"{self.path}: goes on after the {self.shape[0]} rows that the header says")
