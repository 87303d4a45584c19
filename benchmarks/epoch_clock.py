"""A sink that keeps the clock of a fit, epoch by epoch."""

from collections.abc import Callable
from itertools import pairwise
from statistics import median
from time import perf_counter

from foldproof.training.events import EpochEnded, Event


class EpochClock:
    """Takes the events of one fit."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._ended: list[float] = []

    def __call__(self, event: Event) -> None:
        """Note when an epoch ended."""
        if isinstance(event, EpochEnded):
            self._ended.append(self._clock())

    def milliseconds_a_step(self, steps: int) -> float:
        """Of the median epoch, inner validation included; the first epoch, which pays for the start, is left out."""
        return 1000 * median(after - before for before, after in pairwise(self._ended)) / steps

    def mean_milliseconds_a_step(self, steps: int) -> float:
        """Of all epochs but the first, also those in which something happens that does not happen in each."""
        return 1000 * (self._ended[-1] - self._ended[0]) / (len(self._ended) - 1) / steps
