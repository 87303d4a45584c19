"""Freed memory stays with the process while a population is trained.

Every step frees what the next one asks for again. By default glibc hands megabytes back to the system each time, and
the system clears every page anew: up to a fifth of a convolutional network's step.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT = 1 << 30  # bytes


@contextmanager
def keeping_freed_memory() -> Iterator[None]:
    """Let glibc keep up to a GiB of freed memory, and give all of it back at the end; without glibc do nothing.

    glibc cannot be asked for its thresholds, so these stay; they change when memory is returned, never a result.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt") or not hasattr(library, "malloc_trim"):
        yield
        return
    library.mallopt(_TRIM_THRESHOLD, _KEPT)
    library.mallopt(_MMAP_THRESHOLD, _KEPT)
    try:
        yield
    finally:
        library.malloc_trim(0)
