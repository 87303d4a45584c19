"""Part `scale`: what a step costs as members are added, and what the rest costs as rows are added."""

import json
import subprocess
import sys
from collections.abc import Callable

from benchmarks.epoch_clock import EpochClock
from benchmarks.jobs import BATCH_SIZE, MLP, ROOT, Job
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source
from foldproof.data.splits import Split, make_split
from foldproof.data.statistics import fit_statistics
from foldproof.training.cross_validation import train_members

MEMBERS = (1, 5, 20, 100)
ROWS = (10**3, 10**4, 10**5, 10**6)
JOB = Job("members", {**MLP, "split": {"repeats": 20}}, epochs=6, against_lightning=0, against_hand_loop=0)


def measure(_: int | None, say: Callable[[str], None]) -> list[str]:
    """Both tables; nothing can be wrong with them."""
    by_members(say)
    by_rows(say)
    return []


def by_members(say: Callable[[str], None]) -> None:
    """Digits, the MLP, the plan's own number of threads."""
    say(
        f"Members of one population: digits, MLP (128, 128), batches of {BATCH_SIZE}, the threads that `threads: auto` "
        f"takes. An epoch's time with its inner validation, divided by its steps; median of {JOB.epochs - 1} epochs."
    )
    say("| members | ms a step | ms a step and member |")
    say("|---|---|---|")
    params = JOB.params()
    dataset = load_source(params.data)
    split = make_split(dataset, params.split, params.seed)
    for members in MEMBERS:
        step = milliseconds_a_step(dataset, Split(split.members[:members], split.roles[:members], split.audit))
        say(f"| {members} | {step:.2f} | {step / members:.3f} |")


def milliseconds_a_step(dataset: Dataset, split: Split) -> float:
    """Of a fit of all members of the split."""
    params = JOB.params()
    clock = EpochClock()
    statistics = fit_statistics(dataset, split, params.preprocess)
    train_members(dataset, split, statistics, params.model, params.train, params.augment, [clock])
    return clock.milliseconds_a_step(split.steps_per_epoch(params.train.batch_size))


def by_rows(say: Callable[[str], None]) -> None:
    """A made-up table; each number of rows in a process of its own, whose peak of memory is its own."""
    say(
        "Rows of a made-up table: 20 columns, 2 classes, 5 folds, MLP (32), one thread. A step's time must not grow; "
        "the rest should grow as the rows do. `split` hashes every row, to find duplicates and hold out the test set."
    )
    say("| rows | prepare, s | split, s | statistics, s | shuffle, s an epoch | inner validation, s an epoch "
        "| ms a step | peak memory, MB, of it imports |")  # fmt: skip
    say("|---|---|---|---|---|---|---|---|")
    for rows in ROWS:
        command = [sys.executable, "-m", "benchmarks.made_up_rows", str(rows)]
        found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        say(
            f"| {rows:,} | {found['prepare']:.2f} | {found['split']:.2f} | {found['statistics']:.2f} | "
            f"{found['shuffle']:.3f} | {found['inner validation']:.3f} | {1000 * found['step']:.2f} | "
            f"{found['peak']:.0f}, {found['imports']:.0f} |"
        )
