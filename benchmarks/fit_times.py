"""Part `fit`: how long foldproof trains, beside a Lightning loop, a hand-written loop and skorch.

Rounds differ in the seed, which decides initial weights, order and masks of every side; the folds stay. So the rounds
also give the spread of accuracy over seeds, within which the sides have to agree.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks import population
from benchmarks.agreement import Agreement, agreements
from benchmarks.jobs import BATCH_SIZE, JOBS, Job
from benchmarks.median_interval import MedianInterval, explained, median_interval
from benchmarks.rivals_work import rivals_work
from benchmarks.rounds import best_threads, rounds
from benchmarks.work import Outcome, Work
from foldproof.data.sources import load_source
from foldproof.data.splits import make_split
from foldproof.reproducibility import using_threads

PAIRS = 6
EPOCHS_TO_FIND_THREADS = 2
OURS = "foldproof"
HEADER = [
    "| job | rival | foldproof, s (threads) | rival, s (threads) | rival / foldproof, median (interval) | aim "
    "| accuracy, foldproof / rival |",
    "|---|---|---|---|---|---|---|",
]
Side = Callable[[int, int, int], Outcome]  # of seed, threads, epochs


@dataclass(frozen=True)
class Line:
    """What a rival came to in a job."""

    job: Job
    rival: str
    seconds: tuple[float, float]  # medians, foldproof's and the rival's
    threads: tuple[int, int]
    ratio: MedianInterval
    accuracies: tuple[float, float]
    agreement: Agreement

    def __str__(self) -> str:
        aims = {"Lightning loop": self.job.against_lightning, "hand loop": self.job.against_hand_loop}
        aim = aims.get(self.rival.partition(",")[0])
        told = "" if aim is None else f"≥ {aim:g}: {self._reached(aim)}"
        scaled = f", {part(self.job)}" if self.job.rates_of_rivals else ""
        return (
            f"| {self.job.name} | {self.rival}{scaled} | {self.seconds[0]:.2f} ({self.threads[0]}) | "
            f"{self.seconds[1]:.2f} ({self.threads[1]}) | {self.ratio} | {told} | {self._accuracy()} |"
        )

    def _reached(self, aim: float) -> str:
        if self.ratio.median < aim:
            return "missed"
        return "reached" if self.ratio.low >= aim else "reached by the median, not by the whole interval"

    def _accuracy(self) -> str:
        told = f"{self.accuracies[0]:.4f} / {self.accuracies[1]:.4f}"
        if not self.agreement.differ:
            return told
        return f"**THE SIDES DIFFER: {told}; seeds explain ± {self.agreement.allowed:.4f}, so the ratio is void**"


def rivals() -> dict[str, Callable[[Work], Outcome]]:
    """Name to loop; imported when asked for."""
    from benchmarks import hand_loop, lightning_loop, skorch_loop

    return {
        "Lightning loop, DataLoader": lightning_loop.cross_validate_from_data_loader,
        "Lightning loop, tuned": lightning_loop.cross_validate,
        "hand loop": hand_loop.cross_validate,
        "skorch": skorch_loop.cross_validate,
    }


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """Time every job, a line a rival told by `say` as it comes; the lines whose sides differ in accuracy."""
    number = pairs or PAIRS
    say(
        f"Wall time of whole fits on digits, scores of the held-out folds included, each side in one process with its "
        f"own best number of threads. Each of the {number} rounds runs every side once with a seed of its own; ratios "
        f"are taken within a round, {explained(number)}. Epochs: "
        + "; ".join(f"{job.name}: {job.epochs}" for job in JOBS)
        + f". Batches of {BATCH_SIZE}. A ratio above 1 says that foldproof is faster. After each epoch foldproof "
        "writes and syncs a checkpoint of everything, the Lightning loop one of the weights, the other rivals none."
    )
    for row in HEADER:
        say(row)
    lines = []
    for job in JOBS:
        found = measured(job, number, comparisons=len(JOBS) * len(rivals()))
        for line in found:
            say(str(line))
        lines += found
    return [f"fit: {line}" for line in lines if line.agreement.differ]


def measured(job: Job, number: int, comparisons: int) -> list[Line]:
    """The lines of one job."""
    sides = sides_of(job)
    threads = {name: best_threads(_seconds(side)) for name, side in sides.items()}
    runs = rounds({name: _run(side, threads[name], job.epochs) for name, side in sides.items()}, number)
    seconds = {name: [run[name].seconds for run in runs] for name in sides}
    accuracies = {name: [run[name].accuracy for run in runs] for name in sides}
    others = [name for name in sides if name != OURS]
    found = agreements(accuracies[OURS], {name: accuracies[name] for name in others}, comparisons)
    return [
        Line(
            job,
            name,
            (median(seconds[OURS]), median(seconds[name])),
            (threads[OURS], threads[name]),
            median_interval([rival / ours for rival, ours in zip(seconds[name], seconds[OURS], strict=True)]),
            (fmean(accuracies[OURS]), fmean(accuracies[name])),
            found[name],
        )
        for name in others
    ]


def sides_of(job: Job) -> Mapping[str, Side]:
    """Ours and those of the rivals; the time of a rival that trains a part of the networks is scaled to all of them."""
    scale = len(job.learning_rates) / len(job.rates_of_rivals) if job.rates_of_rivals else 1.0

    def ours(seed: int, threads: int, epochs: int) -> Outcome:
        params = job.params(seed, epochs=epochs, threads=threads)
        dataset = load_source(params.data)
        split = make_split(dataset, params.split, seed)
        with using_threads(threads):
            if job.learning_rates:
                return population.cross_validate_rates(job, params, dataset, split)
            return population.cross_validate(params, dataset, split)

    def rival(train: Callable[[Work], Outcome]) -> Side:
        def run(seed: int, threads: int, epochs: int) -> Outcome:
            params = job.params(seed, epochs=epochs)
            dataset = load_source(params.data)
            work = rivals_work(params, dataset, make_split(dataset, params.split, seed), job.rates_of_rivals)
            with using_threads(threads):
                found = train(work)
            return Outcome(scale * found.seconds, found.accuracies, found.steps)

        return run

    return {OURS: ours} | {name: rival(train) for name, train in rivals().items()}


def part(job: Job) -> str:
    """What a rival trained of a job that is too long for it."""
    trained = f"{len(job.rates_of_rivals)} of {len(job.learning_rates)} rates trained"
    return f"{trained}, time scaled by {len(job.learning_rates) / len(job.rates_of_rivals):g}"


def _seconds(side: Side) -> Callable[[int], float]:
    return lambda threads: side(0, threads, EPOCHS_TO_FIND_THREADS).seconds


def _run(side: Side, threads: int, epochs: int) -> Callable[[int], Outcome]:
    return lambda seed: side(seed, threads, epochs)
