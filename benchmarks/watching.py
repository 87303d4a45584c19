"""Part `watching`: what the looks at gradients, steps and layers cost: a fit with them beside the same one without."""

from collections.abc import Callable
from statistics import median
from time import process_time

from benchmarks.epoch_clock import EpochClock
from benchmarks.jobs import BATCH_SIZE, MLP, Job
from benchmarks.median_interval import explained, median_interval
from benchmarks.rounds import rounds
from foldproof.config.train import Train
from foldproof.data.sources import load_source
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics
from foldproof.training.cross_validation import train_members
from foldproof.training.events import Event, FitStarted

PAIRS = 8
LARGEST = 1.02  # of the time without, that it may take
EVERY: int = Train().watch_every
JOBS = (Job("5 folds, MLP (128, 128)", MLP, 16, 0, 0), Job("5 folds, default CNN", {}, 8, 0, 0))
Side = Callable[[int], float]  # CPU milliseconds a step


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """A line a job; nothing can be wrong with it."""
    number = pairs or PAIRS
    say(
        f"Digits, one thread, batches of {BATCH_SIZE}: fits with a look every {EVERY} steps, at every step and never. "
        f"All take turns, {number} rounds; all epochs but the first count, inner validation included. CPU time, which "
        f"a busy machine disturbs less. What looks at every step add, divided by {EVERY}, says what the "
        f"default costs more precisely than the default itself. Beside the fit without: {explained(number)}."
    )
    say(f"| job | without, ms a step | every {EVERY} / without | 1 + (each - without) / {EVERY} / without | aim |")
    say("|---|---|---|---|---|")
    for job in JOBS:
        runs = rounds({name: _side(job, every) for name, every in (("look", EVERY), ("each", 1), ("never", 0))}, number)
        direct = median_interval([run["look"] / run["never"] for run in runs])
        derived = median_interval([1 + (run["each"] - run["never"]) / EVERY / run["never"] for run in runs])
        told = "reached" if derived.median <= LARGEST else "missed"
        cells = (f"{one.median:.4f} ({one.low:.4f} to {one.high:.4f})" for one in (direct, derived))
        say(
            f"| {job.name} | {median(run['never'] for run in runs):.2f} | {' | '.join(cells)} | ≤ {LARGEST:g}: {told} |"
        )
    return []


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
