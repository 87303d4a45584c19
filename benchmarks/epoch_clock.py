"""A sink that keeps the clock of a fit, epoch by epoch."""

from itertools import pairwise
from statistics import median
from time import perf_counter

from foldproof.training.events import EpochEnded, Event


class EpochClock:
    """Takes the events of one fit."""

    def __init__(self) -> None:
        self._ended: list[float] = []

    def __call__(self, event: Event) -> None:
        """Note when an epoch ended."""
        if isinstance(event, EpochEnded):
            self._ended.append(perf_counter())

    def milliseconds_a_step(self, steps: int) -> float:
        """Of the median epoch, inner validation included; the first epoch, which pays for the start, is left out."""
        return 1000 * median(after - before for before, after in pairwise(self._ended)) / steps
