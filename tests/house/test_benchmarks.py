"""The benchmark compares like with like: every side takes the same steps, on the rows that it may see."""

import math
from dataclasses import replace
from itertools import combinations
from statistics import median

import pytest
import torch
from tests.training.setting import digits
from torch import Tensor, nn

from benchmarks import fit_times, population, techniques, watching
from benchmarks.agreement import agreements
from benchmarks.jobs import JOBS, MLP, Job
from benchmarks.median_interval import MedianInterval, coverage, median_interval
from benchmarks.rivals_work import rivals_work
from benchmarks.work import Outcome, Work
from foldproof.config import Params
from foldproof.data.augmentation import AUGMENTATIONS
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Split, make_split
from foldproof.reproducibility import using_threads
from foldproof.training.optimizers import OPTIMIZERS

ROWS = 200
TWO_RATES = Job("two rates", MLP, 1, 0, 0, learning_rates=(0.001, 0.003), rates_of_rivals=(0.003,))
rival = pytest.mark.parametrize("name", fit_times.rivals())


def setting(job: Job) -> tuple[Params, Dataset, Split]:
    params = job.params(batch_size=16, epochs=1)
    dataset = digits(ROWS)
    return params, dataset, make_split(dataset, params.split, params.seed)


def outcome(name: str, job: Job) -> Outcome:
    work = rivals_work(*setting(job), job.rates_of_rivals)
    with using_threads(1):
        return fit_times.rivals()[name](work)


@rival
@pytest.mark.parametrize("job", [0, 1], ids=["mlp", "cnn"])
def test_a_rival_takes_our_steps_and_scores_every_fold(name: str, job: int) -> None:
    params, dataset, split = setting(JOBS[job])
    with using_threads(1):
        ours = population.cross_validate(params, dataset, split)
    theirs = outcome(name, JOBS[job])
    assert theirs.steps == ours.steps == (split.steps_per_epoch(16),) * len(split.members)
    assert theirs.seconds > 0
    assert all(0 <= one <= 1 for one in (*theirs.accuracies, *ours.accuracies))


def test_rivals_that_draw_alike_are_the_same_to_the_last_digit() -> None:
    """The tuned loops differ in nothing but the frame around the arithmetic."""
    first, *others = (outcome(name, JOBS[1]) for name in fit_times.rivals() if "DataLoader" not in name)
    assert all(other.accuracies == first.accuracies for other in others)


def test_our_side_with_rates_of_its_own_tells_of_those_that_the_rivals_train() -> None:
    with using_threads(1):
        ours = population.cross_validate_rates(TWO_RATES, *setting(TWO_RATES))
    theirs = outcome("hand loop", TWO_RATES)
    assert len(ours.accuracies) == len(theirs.accuracies) == 5
    assert ours.steps == theirs.steps


class Spy(nn.Module):
    """Keeps the first value of each row that passes, in training and otherwise; copies of it share what is kept."""

    def __init__(self, seen: dict[bool, list[float]]) -> None:
        super().__init__()
        self.seen = Shared(seen)
        self.last = nn.Linear(1, 2)

    def forward(self, rows: Tensor) -> Tensor:
        first = rows.reshape(len(rows), -1)[:, :1]
        self.seen.values[self.training] += first[:, 0].tolist()
        scores: Tensor = self.last(first)
        return scores


class Shared:
    """What skorch must not copy."""

    def __init__(self, values: dict[bool, list[float]]) -> None:
        self.values = values

    def __deepcopy__(self, _: object) -> "Shared":
        return self


@rival
def test_a_rival_trains_on_training_rows_alone_and_sees_the_scored_ones_once(name: str) -> None:
    params, dataset, split = setting(JOBS[0])
    seen: dict[bool, list[float]] = {True: [], False: []}
    work = rivals_work(params, dataset, split)
    [one, *_] = work.assignments
    told_apart = torch.arange(float(ROWS)).reshape(-1, 1, 1, 1)  # the row's own number, however it is scaled
    spied = Work(
        told_apart,
        work.targets % 2,
        (replace(one, network=Spy(seen)),),
        2,
        3,
        16,
        patience=2,
        decay_per_epoch=0,
        shift=0,
    )
    fit_times.rivals()[name](spied)
    deviation, mean = torch.std_mean(told_apart[one.training], correction=0)

    def numbers(values: list[float]) -> list[int]:
        return [round(value * float(deviation) + float(mean)) for value in values]

    training, others = numbers(seen[True]), numbers(seen[False])
    assert len(training) == 2 * 3 * 16
    assert set(training) <= set(one.training.tolist())
    assert sorted(others) == sorted([*2 * one.inner_validation.tolist(), *one.scored.tolist()])


def test_every_optimizer_and_augmentation_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not legal on these rows says why; the others are timed."""
    monkeypatch.setattr(techniques, "EPOCHS", 2)
    said: list[str] = []
    assert techniques.measure(1, said.append) == []
    cells = {line.split(" | ")[0].removeprefix("| "): line.split(" | ")[1] for line in said if line.startswith("| ")}
    for name in (*OPTIMIZERS, *AUGMENTATIONS):
        assert cells[name].startswith("not here: ") or float(cells[name]) > 0
    assert float(cells["sgd"]) > 0
    assert float(cells["shift"]) > 0
    assert "512 rows, 64 to 128" in cells


def test_the_sign_tests_interval_encloses_the_median_as_often_as_it_says() -> None:
    """Oracle: all 2**n ways in which n values can lie around the median, each as likely."""
    for n in range(1, 9):
        ways = [set(above) for size in range(n + 1) for above in combinations(range(n), size)]
        for k in range(1, (n + 1) // 2 + 1):
            enclosed = sum(k <= len(above) <= n - k for above in ways) / len(ways)
            assert coverage(n, k) == pytest.approx(enclosed)
    found = median_interval([5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 9.0, 8.0, 7.0])
    assert (found.low, found.median, found.high) == (2.0, median(range(1, 10)), 8.0)


def test_accuracies_must_agree_within_what_seeds_explain() -> None:
    ours = [0.96, 0.97, 0.98]
    found = agreements(ours, {"same": [0.97, 0.98, 0.96], "worse": [0.86, 0.87, 0.88]}, comparisons=2)
    assert not found["same"].differ
    assert found["worse"].differ
    assert found["worse"].difference == pytest.approx(-0.1)
    # By hand: each variance is 0.0001; t of 6 degrees of freedom at 1 - 0.01 / 4 is 4.3168.
    assert found["same"].allowed == pytest.approx(4.3168 * math.sqrt(2 * 0.0001 / 3), rel=1e-4)
    assert not agreements([0.5], {"one seed": [0.9]}, comparisons=1)["one seed"].differ


def test_watching_has_a_line_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "JOBS", (Job("short", MLP, 2, 0, 0),))
    monkeypatch.setattr(watching, "EVERY", 10)
    said: list[str] = []
    assert watching.measure(1, said.append) == []
    [row] = [line for line in said if line.startswith("| short | ")]
    assert row.count("|") == said[1].count("|")


@pytest.mark.parametrize(
    ("median", "high", "reached"), [(1.0199, 1.05, True), (1.02, 1.03, False), (1.0, 1.051, False)]
)
def test_watching_is_judged_by_median_and_upper_end(median: float, high: float, *, reached: bool) -> None:
    assert watching.reached(MedianInterval(median, 0.99, high, 0.96)) is reached
