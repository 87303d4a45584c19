"""Part `gpu`: ten folds beside one, and a hundred members beside a Lightning loop, where torch sees a CUDA device."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import fmean, median

import torch

from benchmarks import lightning_loop, population
from benchmarks.agreement import agreements
from benchmarks.epoch_clock import EpochClock
from benchmarks.jobs import HUNDRED, MLP, Job
from benchmarks.median_interval import explained, median_interval
from benchmarks.rivals_work import rivals_work
from benchmarks.rounds import rounds
from benchmarks.work import Outcome
from foldproof.data.sources import load_source
from foldproof.data.splits import Split, make_split

PAIRS = 6
MOST_TEN_FOLDS, LEAST_HUNDRED = 1.5, 20.0
TEN_FOLDS = {"split": {"folds": 10}}
TEN = (
    Job("MLP (128, 128)", {**MLP, **TEN_FOLDS}, 15, 0, 0),
    Job("default CNN", TEN_FOLDS, 15, 0, 0),
)


@dataclass(frozen=True)
class Variant:
    """How a population is computed."""

    precision: str
    compiled: bool = False


VARIANTS = {
    "fp32": Variant("fp32"),
    "bf16": Variant("bf16"),
    "fp32, compiled": Variant("fp32", compiled=True),
    "bf16, compiled": Variant("bf16", compiled=True),
}


@dataclass(frozen=True)
class Fit:
    """A fit and its median epoch but the first, in milliseconds a step."""

    outcome: Outcome
    step: float


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """Both tables; the lines whose sides differ in accuracy."""
    if not torch.cuda.is_available():
        say("Not measured here: torch sees no CUDA device.")
        return []
    say(f"On {torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}. {explained(pairs or PAIRS).capitalize()}.")
    ten_folds(pairs or PAIRS, say)
    return hundred(pairs or PAIRS, say)


def ten_folds(pairs: int, say: Callable[[str], None], jobs: tuple[Job, ...] = TEN, device: str = "cuda") -> None:
    """Fit ten folds as one population, and the first of them alone."""
    say("| network | computed in | 10 folds, s | 1 fold, s | 10 / 1, median (interval) | ms a step, 10 and 1 | aim |")
    say("|---|---|---|---|---|---|---|")
    for job in jobs:
        for name, variant in VARIANTS.items():
            sides = {str(folds): _side(job, variant, device, folds) for folds in (10, 1)}
            if failure := failed(sides["10"], sides["1"]):
                say(f"| {job.name} | {name} | {failure} | | | | |")
                continue
            runs = rounds(sides, pairs)
            ratio = median_interval([run["10"].outcome.seconds / run["1"].outcome.seconds for run in runs])
            seconds = {folds: median(run[folds].outcome.seconds for run in runs) for folds in ("10", "1")}
            steps = {folds: median(run[folds].step for run in runs) for folds in ("10", "1")}
            told = "reached" if ratio.median <= MOST_TEN_FOLDS else "missed"
            say(
                f"| {job.name} | {name} | {seconds['10']:.2f} | {seconds['1']:.2f} | {ratio} | "
                f"{steps['10']:.2f}, {steps['1']:.2f} | ≤ {MOST_TEN_FOLDS:g}: {told} |"
            )


def hundred(pairs: int, say: Callable[[str], None], job: Job = HUNDRED, device: str = "cuda") -> list[str]:
    """Fit a hundred members as one population in every variant, and a tenth of them by the Lightning loop."""
    sides = {name: _side(job, variant, device) for name, variant in VARIANTS.items()}
    sides[LOOP] = _loop(job, device)
    failures = {name: failed(side) for name, side in sides.items()}
    sides = {name: side for name, side in sides.items() if not failures[name]}
    runs = rounds(sides, pairs)
    accuracies = {name: [run[name].outcome.accuracy for run in runs] for name in sides}
    others = {name: values for name, values in accuracies.items() if name != "fp32"}
    found = agreements(accuracies["fp32"], others, comparisons=len(others))
    trained = len(job.rates_of_rivals) / len(job.learning_rates)
    say(
        f"{job.name}; the Lightning loop (tuned, rows on the device, fp32) trained {trained:.0%} of the networks, its "
        "time is scaled to all. Compiled fits were compiled once before, but each compiles again, from torch's cache."
    )
    say("| side | fit, s | ms a step | Lightning loop / this, median (interval) | accuracy | aim |")
    say("|---|---|---|---|---|---|")
    for name, failure in failures.items():
        if failure:
            say(f"| {name} | {failure} | | | | |")
    problems = []
    for name in sides:
        seconds = median(run[name].outcome.seconds for run in runs)
        step = median(run[name].step for run in runs)
        ratio = median_interval([run[LOOP].outcome.seconds / run[name].outcome.seconds for run in runs])
        told = (
            "" if name == LOOP else f"≥ {LEAST_HUNDRED:g}: {'reached' if ratio.median >= LEAST_HUNDRED else 'missed'}"
        )
        accuracy = f"{fmean(accuracies[name]):.4f}"
        if name in found and found[name].differ:
            accuracy = f"**DIFFERS FROM fp32: {accuracy}; seeds explain ± {found[name].allowed:.4f}**"
            problems.append(f"gpu: {name}: accuracy {accuracy}")
        say(f"| {name} | {seconds:.2f} | {step:.2f} | {ratio} | {accuracy} | {told} |")
    return problems


LOOP = "Lightning loop"


def failed(*sides: Callable[[int], Fit]) -> str:
    """Run each once, which compiles and lets the device find its kernels; why one cannot run here, or nothing."""
    try:
        for side in sides:
            side(0)
    except Exception as error:  # a compiler or a kernel that this machine has not: a cell of the table, not the end
        return f"fails here: {type(error).__name__}: {str(error).strip().splitlines()[0][:120]}"
    return ""


def _side(job: Job, variant: Variant, device: str, folds: int | None = None) -> Callable[[int], Fit]:
    """Fit the job's members, or those of its first folds, of a seed."""

    def run(seed: int) -> Fit:
        params = job.params(seed)
        dataset = load_source(params.data)
        split = make_split(dataset, params.split, seed)
        split = Split(split.members[:folds], split.roles[:folds], split.audit)
        rates = job.learning_rates or (float(params.train.optimizer.learning_rate),)
        asked = replace(job, learning_rates=rates, rates_of_rivals=job.rates_of_rivals or rates)
        clock = EpochClock()
        torch.compiler.reset()
        outcome = population.cross_validate_rates(
            asked, params, dataset, split, device, variant.precision, compiled=variant.compiled, sinks=[clock]
        )
        return Fit(outcome, clock.milliseconds_a_step(split.steps_per_epoch(params.train.batch_size)))

    return run


def _loop(job: Job, device: str) -> Callable[[int], Fit]:
    """The Lightning loop over a part of the job's networks; a step is one network's."""

    def run(seed: int) -> Fit:
        params = job.params(seed)
        dataset = load_source(params.data)
        split = make_split(dataset, params.split, seed)
        found = lightning_loop.cross_validate(rivals_work(params, dataset, split, job.rates_of_rivals, device))
        scaled = replace(found, seconds=found.seconds * len(job.learning_rates) / len(job.rates_of_rivals))
        return Fit(scaled, 1000 * found.seconds / sum(found.steps))

    return run
