"""Arrays written row by row to `.npy` files of which only one chunk is ever in memory; whole or not at all."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from foldproof.reproducibility import canonical_json, sha256, sync_folder

BESIDE = ".unfinished"  # the ending of a file that is being written


class ArrayFiles:
    """`<name>.npy` in a folder, for each name of the first chunk that is appended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _Growing] = {}
        self.rows = 0

    def append(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add rows: arrays of one length, of the names, types and shapes of the first chunk."""
        if not self._files:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._files = {name: _Growing(self._folder / f"{name}.npy", array) for name, array in arrays.items()}
        if self._files.keys() != arrays.keys() or len({len(array) for array in arrays.values()}) != 1:
            raise ValueError(f"chunk of {sorted(arrays)} after {sorted(self._files)}, or of several lengths")
        for name, array in arrays.items():
            self._files[name].append(array)
        self.rows += len(next(iter(arrays.values())))

    def digests(self) -> dict[str, str]:
        """SHA-256 of each array's values in memory order."""
        return {name: file.digest() for name, file in self._files.items()}

    def close_whole(self) -> None:
        """Give the files their names: all rows have come."""
        for file in self._files.values():
            file.finish(self.rows)
        sync_folder(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not finished."""
        for file in self._files.values():
            file.discard()


class _Growing:
    """One `.npy` file whose header is written again when the number of rows is known."""

    def __init__(self, path: Path, like: NDArray[Any]) -> None:
        self._path = path
        self._beside = path.with_name(path.name + BESIDE)
        self._shape, self._type = like.shape[1:], like.dtype
        self._digest = hashlib.sha256()
        self._stream: IO[bytes] = self._beside.open("wb")
        self._header(0)

    def append(self, array: NDArray[Any]) -> None:
        if array.shape[1:] != self._shape:
            raise ValueError(f"{self._path.name}: rows of shape {array.shape[1:]} after rows of {self._shape}")
        if array.dtype != self._type and not np.can_cast(array.dtype, self._type, "safe"):
            raise ValueError(f"{self._path.name}: {array.dtype} after {self._type}")
        content = np.ascontiguousarray(array, self._type).tobytes()
        self._digest.update(content)
        self._stream.write(content)

    def digest(self) -> str:
        return self._digest.hexdigest()

    def finish(self, rows: int) -> None:
        self._header(rows)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._beside.replace(self._path)

    def discard(self) -> None:
        self._stream.close()
        self._beside.unlink(missing_ok=True)

    def _header(self, rows: int) -> None:
        """Numpy leaves room in a header for the first axis to grow, so that its length stays the same."""
        self._stream.seek(0)
        described = {"descr": np.lib.format.dtype_to_descr(self._type), "fortran_order": False}
        np.lib.format.write_array_header_1_0(self._stream, {**described, "shape": (rows, *self._shape)})


def digest_of(array: NDArray[Any]) -> str:
    """SHA-256 of an array's values in memory order."""
    return hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data).hexdigest()  # without a copy


def fingerprint_of(facts: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """SHA-256 of what the data is and of the arrays' own."""
    return sha256(canonical_json([dict(facts), dict(digests)]).encode())
