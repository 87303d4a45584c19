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
from foldproof.training.events import Event, FitStarted, LayersWatched

PAIRS = 12
LARGEST = 1.02  # of the time without, that it may take
EVERY: int = Train().watch_every
JOBS = (Job("5 folds, MLP (128, 128)", MLP, 16, 0, 0), Job("5 folds, default CNN", {}, 11, 0, 0))
Side = Callable[[int], tuple[float, float]]  # milliseconds a step, CPU milliseconds a step


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """A line a job; nothing can be wrong with it."""
    number = pairs or PAIRS
    say(
        f"Digits, one thread, batches of {BATCH_SIZE}: a fit with a look every {EVERY} steps beside one without. "
        f"Both take turns, {number} rounds; all epochs but the first count, inner validation included. With / without: "
        f"{explained(number)}."
    )
    say("| job | looks | without, ms a step | with / without, wall time | with / without, CPU time | aim |")
    say("|---|---|---|---|---|---|")
    for job in JOBS:
        looks, sides = _sides(job)
        runs = rounds(sides, number)
        ratios = [median_interval([run["with"][clock] / run["without"][clock] for run in runs]) for clock in (0, 1)]
        told = "reached" if ratios[0].median <= LARGEST else "missed"
        without = median(run["without"][0] for run in runs)
        wall, used = (f"{one.median:.3f} ({one.low:.3f} to {one.high:.3f})" for one in ratios)
        say(f"| {job.name} | {looks} | {without:.2f} | {wall} | {used} | ≤ {LARGEST:g}: {told} |")
    return []


def _sides(job: Job) -> tuple[int, dict[str, Side]]:
    """How many looks there are after the first epoch, and both sides, each tried once."""
    looks: list[LayersWatched] = []
    sides = {"with": _side(job, EVERY, looks), "without": _side(job, 0, [])}
    for side in sides.values():
        side(0)
    return sum(look.epoch > 0 for look in looks), sides


def _side(job: Job, every: int, looks: list[LayersWatched]) -> Side:
    params = job.params(threads=1, engine="in_process", watch_every=every)
    dataset = load_source(params.data)
    split = make_split(dataset, params.split, params.seed)
    statistics = fit_statistics(dataset, split, params.preprocess)

    def run(_: int) -> tuple[float, float]:
        wall, used, steps = EpochClock(), EpochClock(process_time), list[int]()

        def note(event: Event) -> None:
            if isinstance(event, FitStarted):
                steps.append(event.steps_per_epoch)
            elif isinstance(event, LayersWatched):
                looks.append(event)

        train_members(dataset, split, statistics, params.model, params.train, params.augment, [wall, used, note])
        return wall.mean_milliseconds_a_step(steps[0]), used.mean_milliseconds_a_step(steps[0])

    return run
