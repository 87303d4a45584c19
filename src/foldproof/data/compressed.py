"""Files that may be compressed by gzip, which their content says and not their name."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from foldproof.errors import DataError

MAGIC = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed where its content is gzip's; whatever fails becomes DataError."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(MAGIC)) == MAGIC
            raw.seek(0)
            yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
    except FileNotFoundError:
        raise DataError(f"{path}: no such file (paths are relative to the project's root)") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: its gzip data is cut short or damaged: {error}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
