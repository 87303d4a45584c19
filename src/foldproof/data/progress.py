"""What a person sees while many rows are read or written: one line that grows in a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from foldproof.data.reading import Chunk, Reading

T = TypeVar("T")

QUIET = 2.0  # seconds in which nothing is said
REDRAWN = 0.25  # seconds between two drawings in a terminal


def watched(
    parts: Iterable[T],
    rows_of: Callable[[T], int],
    doing: str,
    rows: int | None = None,
    clock: Callable[[], float] = monotonic,
) -> Iterator[T]:
    """Hand the parts on, and say every few seconds how many rows are done, of how many where that is known."""
    stream = sys.stdout
    live = stream.isatty()
    began = last = clock()
    done, said, wait = 0, False, QUIET
    for part in parts:
        yield part
        done += rows_of(part)
        now = clock()
        if now - last >= wait:
            share = f" of {rows:,} ({100 * done // max(rows, 1)} %)" if rows else ""
            line = f"{doing}: {done:,} rows{share}, {now - began:.0f} s"
            stream.write(f"\r\x1b[K{line}" if live else f"{line}\n")
            stream.flush()
            last, said = now, True
            wait = REDRAWN if live else wait * 1.5
    if said and live:
        stream.write("\n")


def watched_reading(reading: Reading) -> Reading:
    """The same, watched while its chunks are taken."""

    def chunks() -> Iterator[Chunk]:
        return watched(
            reading.chunks(), lambda chunk: len(chunk.features), f"writing {reading.schema.name}", reading.rows
        )

    return replace(reading, chunks=chunks)
