"""Part `watching`: what the looks at gradients, steps and layers cost: a fit with them beside the same one without."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time

from benchmarks.epoch_clock import EpochClock
from benchmarks.jobs import BATCH_SIZE, MLP, Job
from benchmarks.median_interval import MedianInterval, explained, median_interval
from benchmarks.rounds import rounds
from foldproof.config.train import Train
from foldproof.data.sources import load_source
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics
from foldproof.training.cross_validation import train_members
from foldproof.training.events import Event, FitStarted

PAIRS = 20
ROUNDS_OF_EACH = 5  # a look at every step is dear, and what it adds is large beside the noise
MOST, MOST_UPPER = 1.02, 1.05  # of the time without: below the first in the median, up to the second at the upper end
EVERY: int = Train().watch_every
# Of 16 steps an epoch, so that those which count hold a look in 100 steps, or in a few less: 4 in 400, 1 in 96.
JOBS = (Job("5 folds, MLP (128, 128)", MLP, 26, 0, 0), Job("5 folds, default CNN", {}, 7, 0, 0))
Side = Callable[[int], float]  # CPU milliseconds a step


@dataclass(frozen=True)
class Cost:
    """Time with looks over time without: as it was measured, and from what looks at every step add."""

    measured: MedianInterval
    derived: MedianInterval

    @property
    def reached(self) -> bool:
        """Whether what was measured says so, by itself."""
        return self.measured.median < MOST and self.measured.high <= MOST_UPPER

    @property
    def settled_by_derived(self) -> bool:
        """Whether what was measured does not say so, and the derived figure would."""
        return not self.reached and self.derived.median < MOST and self.derived.high <= MOST_UPPER


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """A line a job; nothing can be wrong with it."""
    number = pairs or PAIRS
    few = min(number, ROUNDS_OF_EACH)
    say(
        f"Digits, one thread, batches of {BATCH_SIZE}: fits of 100 to 400 steps with a look every {EVERY}, beside the "
        f"same without; they take turns, {number} pairs. All epochs but the first count, inner validation "
        f"included. CPU time, which a busy machine disturbs less. The aim is judged by these pairs alone; "
        f"{explained(number)}. The last column is for information: {few} rounds with a look at every step, what they "
        f"add divided by {EVERY}."
    )
    say(f"| job | without, ms a step | every {EVERY} / without | aim | 1 + (each - without) / {EVERY} / without |")
    say("|---|---|---|---|---|")
    remarks: list[str] = []
    for job in JOBS:
        look, each, never = (_side(job, every) for every in (EVERY, 1, 0))
        runs = rounds({"look": look, "never": never}, number)
        dear = rounds({"each": each, "never": never}, few)
        cost = Cost(
            median_interval([run["look"] / run["never"] for run in runs]),
            median_interval([1 + (run["each"] - run["never"]) / EVERY / run["never"] for run in dear]),
        )
        aim = f"< {MOST:g}, upper end ≤ {MOST_UPPER:g}: {'reached' if cost.reached else 'missed'}"
        without = median(run["never"] for run in runs)
        say(f"| {job.name} | {without:.2f} | {_shown(cost.measured)} | {aim} | {_shown(cost.derived)} |")
        if cost.settled_by_derived:
            remarks.append(f"{job.name}: settled by the derived figure only; the pairs scatter more than looks cost.")
    for remark in remarks:
        say(remark)
    return []


def _shown(one: MedianInterval) -> str:
    return f"{one.median:.4f} ({one.low:.4f} to {one.high:.4f})"


def _side(job: Job, every: int) -> Side:
    """Tried once, so that what a process pays for its first fit counts for no side."""
    params = job.params(threads=1, engine="in_process", watch_every=every)
    dataset = load_source(params.data)
    split = make_split(dataset, params.split, params.seed)
    statistics = fit_statistics(dataset, split, params.preprocess)

    def run(_: int) -> float:
        clock, steps = EpochClock(process_time), list[int]()

        def note(event: Event) -> None:
            if isinstance(event, FitStarted):
                steps.append(event.steps_per_epoch)

        train_members(dataset, split, statistics, params.model, params.train, params.augment, [clock, note])
        return clock.mean_milliseconds_a_step(steps[0])

    run(0)
    return run
