"""Part `techniques`: milliseconds a step of every optimizer and augmentation beside the plain step, which has none."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Any

import torch

from benchmarks.epoch_clock import EpochClock
from benchmarks.jobs import BATCH_SIZE, MLP, Job
from benchmarks.median_interval import explained, median_interval
from benchmarks.rounds import rounds
from foldproof.data.augmentation import AUGMENTATIONS
from foldproof.data.sources import load_source
from foldproof.data.splits import make_split
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError
from foldproof.reproducibility import using_threads
from foldproof.training.cross_validation import train_members
from foldproof.training.events import Event, FitStarted
from foldproof.training.optimizers import OPTIMIZERS

ROUNDS = 6
EPOCHS = 8
PLAIN = "plain"  # gradient descent on the rows as they are
STRENGTHS = (1, 0.5)  # whichever is legal: what an augmentation costs does not depend on how strong it is
BATCHES = (BATCH_SIZE, "full")
ROWS, INPUTS, UNITS = 512, 64, 128  # of the matrix product
LEAST_GAIN = 10.0  # of a matrix product over a loop, as the textbooks have it

Side = Callable[[int], float]


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """Three tables; nothing can be wrong with them."""
    number = pairs or ROUNDS
    say(
        f"Digits, MLP (128, 128), five folds as one population, batches of {BATCH_SIZE}, one thread. The plain step is "
        f"gradient descent without augmentation. All take turns, {number} rounds; more than the plain step of the same "
        f"round: {explained(number)}."
    )
    plain = _side({})
    by_step(say, "optimizer", number, plain, {name: _optimizer(name) for name in OPTIMIZERS})
    by_step(say, "augmentation", number, plain, {name: _augmentation(name) for name in AUGMENTATIONS})
    product_against_loop(say, number)
    return []


def by_step(
    say: Callable[[str], None], kind: str, number: int, plain: Side, techniques: Mapping[str, Side | str]
) -> None:
    """A line a technique; where there is a reason why it cannot run here, that."""
    say(f"Each {kind}:")
    say(f"| {kind} | ms a step | more than the plain step, ms, median (interval) |")
    say("|---|---|---|")
    sides = {name: side for name, side in techniques.items() if not isinstance(side, str)}
    runs = rounds({PLAIN: plain, **sides}, number)
    say(f"| (none) | {median(run[PLAIN] for run in runs):.2f} | |")
    for name, side in techniques.items():
        if isinstance(side, str):
            say(f"| {name} | {side} | |")
        else:
            more = median_interval([run[name] - run[PLAIN] for run in runs])
            say(f"| {name} | {median(run[name] for run in runs):.2f} | {more} |")


def product_against_loop(say: Callable[[str], None], number: int) -> None:
    """The affine map of a batch, as one matrix product and as a loop over its rows."""
    weight, rows = torch.full((UNITS, INPUTS), 0.5), torch.full((ROWS, INPUTS), 0.25)
    sides = {
        "product": _timed(lambda: rows @ weight.t()),
        "loop": _timed(lambda: torch.stack([weight @ row for row in rows])),
    }
    with using_threads(1):
        runs = rounds(sides, number)
    ratio = median_interval([run["loop"] / run["product"] for run in runs])
    told = "reached" if ratio.median >= LEAST_GAIN else "missed"
    say("Vectorised code beside a loop:")
    say("| an affine map of | product, ms | loop over rows, ms | loop / product, median (interval) | aim |")
    say("|---|---|---|---|---|")
    say(
        f"| {ROWS} rows, {INPUTS} to {UNITS} | {median(run['product'] for run in runs):.3f} | "
        f"{median(run['loop'] for run in runs):.2f} | {ratio} | ≥ {LEAST_GAIN:g}: {told} |"
    )


def _optimizer(name: str) -> Side | str:
    """With the batches that it can work with; which those are its own refusal says."""
    refused = ""
    for batch_size in BATCHES:
        try:
            return _side({}, optimizer={"name": name}, batch_size=batch_size)
        except ConfigError as error:
            refused = refused or f"not here: {error.problems[0]}"
    return refused


def _augmentation(name: str) -> Side | str:
    refused = ""
    for strength in STRENGTHS:
        try:
            return _side({name: strength})
        except ConfigError as error:
            refused = f"not here: {error.problems[0]}"
    return refused


def _side(augment: Mapping[str, Any], **train: Any) -> Side:
    """A fit of all folds that tells milliseconds a step; tried once, so that what is not legal is refused at once."""
    job = Job("techniques", {**MLP, "augment": {"shift": 0, **augment}}, EPOCHS, 0, 0)
    params = job.params(**{"optimizer": {"name": "sgd"}, "threads": 1, "engine": "in_process", **train})
    dataset = load_source(params.data)
    split = make_split(dataset, params.split, params.seed)
    statistics = fit_statistics(dataset, split, params.preprocess)

    def run(_: int) -> float:
        clock, steps = EpochClock(), list[int]()

        def note(event: Event) -> None:
            if isinstance(event, FitStarted):
                steps.append(event.steps_per_epoch)

        train_members(dataset, split, statistics, params.model, params.train, params.augment, [clock, note])
        return clock.milliseconds_a_step(steps[0])

    run(0)
    return run


def _timed(compute: Callable[[], object]) -> Side:
    def run(_: int) -> float:
        started = perf_counter()
        compute()
        return 1000 * (perf_counter() - started)

    run(0)
    return run
