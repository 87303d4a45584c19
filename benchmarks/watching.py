"""Part `watching`: what the looks at gradients, steps and layers cost: steps with them beside the same ones without."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time

from torch import Tensor

from benchmarks.jobs import BATCH_SIZE, MLP, Job
from benchmarks.median_interval import MedianInterval, explained, median_interval
from foldproof.config.train import Train
from foldproof.data.sources import load_source
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics
from foldproof.reproducibility import using_threads
from foldproof.training.descent import Descent
from foldproof.training.members import make_data, make_population, make_recipe

BLOCKS = 20  # pairs
MOST, MOST_UPPER = 1.02, 1.05  # of the time without: below the first in the median, up to the second at the upper end
EVERY: int = Train().watch_every
JOBS = (Job("5 folds, MLP (128, 128)", MLP, 26, 0, 0), Job("5 folds, default CNN", {}, 7, 0, 0))


@dataclass(frozen=True)
class Block:
    """CPU seconds of as many steps as lie between two looks, with the look and without."""

    watched: float
    unwatched: float


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """A line a job; nothing can be wrong with it."""
    number = pairs or BLOCKS
    say(
        f"Digits, one thread, batches of {BATCH_SIZE}: two populations, of which one is looked at every {EVERY} steps, "
        f"take turns step by step, each first in every other one. {number} pairs of {EVERY} steps, the look among "
        f"them; CPU time of the steps alone; {explained(number)}."
    )
    say(f"| job | without, ms a step | a look every {EVERY} / without | aim |")
    say("|---|---|---|---|")
    for job in JOBS:
        with using_threads(1):
            blocks = timed(job, number)
        ratio = median_interval([block.watched / block.unwatched for block in blocks])
        aim = f"< {MOST:g}, upper end ≤ {MOST_UPPER:g}: {'reached' if reached(ratio) else 'missed'}"
        without = median(block.unwatched for block in blocks) / EVERY * 1000
        say(f"| {job.name} | {without:.2f} | {ratio.median:.4f} ({ratio.low:.4f} to {ratio.high:.4f}) | {aim} |")
    return []


def reached(ratio: MedianInterval) -> bool:
    """Whether the median and the upper end say so."""
    return ratio.median < MOST and ratio.high <= MOST_UPPER


def timed(job: Job, number: int) -> list[Block]:
    """So many blocks of one training; the one before them, in which everything is done for the first time, not."""
    sides = {every: descent_of(job, every) for every in (EVERY, 0)}
    spent, blocks, step = dict.fromkeys(sides, 0.0), list[Block](), 0
    while len(blocks) <= number:
        for side in sides.values():
            side.begin_epoch()
        for index in sides[0].data.epoch(step // sides[0].data.steps):
            order = list(sides) if step % 2 else list(reversed(sides))
            for every in order:
                spent[every] += _seconds(sides[every], index)
            step += 1
            if step % EVERY == 0:
                blocks.append(Block(spent[EVERY], spent[0]))
                spent = dict.fromkeys(sides, 0.0)
    return blocks[1 : number + 1]


def descent_of(job: Job, every: int) -> Descent:
    """All members of the job, ready for their first step, looked at every so many steps."""
    params = job.params(threads=1, engine="in_process")
    dataset = load_source(params.data)
    split = make_split(dataset, params.split, params.seed)
    statistics = fit_statistics(dataset, split, params.preprocess)
    population = make_population(dataset, split, statistics, params.model, params.train, params.augment)
    size, everyone = params.train.batch_size, tuple(range(len(split.members)))
    data = make_data(dataset, split, everyone, size, split.steps_per_epoch(size))
    descent = Descent(population, data, make_recipe(dataset.schema.targets, params.train).objective, every)
    descent.begin()
    return descent


def _seconds(descent: Descent, index: Tensor) -> float:
    started = process_time()
    descent.step(index)
    return process_time() - started
