"""Sides take turns: in every round each runs once, and who begins moves on, so that a drift of the machine hits all."""

import os
from collections.abc import Callable, Mapping
from math import inf
from typing import TypeVar

LEAST_GAIN = 0.9  # of the time with fewer threads
Result = TypeVar("Result")


def rounds(sides: Mapping[str, Callable[[int], Result]], number: int) -> list[dict[str, Result]]:
    """Run every side once a round; a side is called with the number of the round. Returns results by name, a round."""
    names = list(sides)
    turns = [names[turn % len(names) :] + names[: turn % len(names)] for turn in range(number)]
    return [{name: sides[name](turn) for name in order} for turn, order in enumerate(turns)]


def best_threads(seconds: Callable[[int], float]) -> int:
    """The number of CPU threads, of 1, 2, 4 ... and all cores, with which a side is fastest (better of two tries).

    More threads must gain a tenth: where they do not, they only make a side suffer from whatever else runs.
    """
    cores = os.cpu_count() or 1
    numbers = sorted({min(1 << power, cores) for power in range(cores.bit_length() + 1)})
    best, least = 1, inf
    for threads in numbers:
        found = min(seconds(threads) for _ in range(2))
        if found < LEAST_GAIN * least:
            best, least = threads, found
    return best
