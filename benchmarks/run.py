"""`make bench`: how long five folds take as one population, against the loop that people write with Lightning.

Both sides train the same networks on the same rows for the same epochs, early stopping and best-epoch checkpoints on.
The best thread number of each side is found first; then the two alternate, pair after pair, and the ratio's median and
range over the pairs is what counts, since the machine may be shared. Writes a table to benchmarks/RESULTS.md.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning_loop
import numpy as np
import results_file
import torch
from torch import nn

from foldproof import randomness
from foldproof.config import Params, params_from
from foldproof.config.reading import read_yaml
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source
from foldproof.data.splits import Role, Split, make_split
from foldproof.data.statistics import fit_statistics
from foldproof.metrics import METRICS
from foldproof.model.build import build
from foldproof.model.layers import Dropout
from foldproof.training.cross_validation import train_members

ROOT = Path(__file__).resolve().parents[1]
EPOCHS = 15
JOBS: dict[str, dict[str, Any]] = {
    "default CNN, batch 64": {"train": {"batch_size": 64}},
    "small CNN (16, 32; hidden 64), batch 64": {
        "model": {"cnn": {"channels": [16, 32], "hidden": 64}},
        "train": {"batch_size": 64},
    },
    "MLP (128, 128), batch 64, no augmentation": {
        "model": {"name": "mlp"},
        "augment": {"shift": 0},
        "train": {"batch_size": 64},
    },
}


@dataclass(frozen=True)
class Side:
    """Seconds of one run and the mean accuracy over its folds."""

    seconds: float
    accuracy: float


def main() -> None:
    """Time every job and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="alternating pairs a job (default: 5)")
    pairs = parser.parse_args().pairs
    lines = [
        "| job | foldproof | Lightning loop | ratio, median (range) | accuracy, foldproof / loop | pairs |",
        "|---|---|---|---|---|---|",
    ]
    for name, changes in JOBS.items():
        lines.append(measured(name, job(changes), pairs))
        print(lines[-1], flush=True)
    text = [
        f"Fit time of 5 folds of digits, {EPOCHS} epochs each; measured {datetime.now(UTC):%Y-%m-%d} on "
        f"{results_file.machine()}. A ratio above 1 says that foldproof is faster.",
        "",
        *lines,
    ]
    results_file.write("bench", "\n".join(text))


def measured(name: str, params: Params, pairs: int) -> str:
    """One line of the table."""
    dataset = load_source(params.data)
    split = make_split(dataset, params.split, params.seed)
    sides: dict[str, Callable[[int], Side]] = {
        "foldproof": lambda threads: population(params, dataset, split, threads),
        "loop": lambda threads: loop(params, dataset, split, threads),
    }
    best = {side: min((1, os.cpu_count() or 1), key=lambda n: run(n).seconds) for side, run in sides.items()}
    runs = [{side: run(best[side]) for side, run in sides.items()} for _ in range(pairs)]
    ratios = [run["loop"].seconds / run["foldproof"].seconds for run in runs]
    seconds = {side: statistics.median(run[side].seconds for run in runs) for side in sides}
    accuracy = {side: statistics.mean(run[side].accuracy for run in runs) for side in sides}
    return (
        f"| {name} | {seconds['foldproof']:.2f} s ({best['foldproof']} threads) | {seconds['loop']:.2f} s "
        f"({best['loop']} threads) | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | "
        f"{accuracy['foldproof']:.4f} / {accuracy['loop']:.4f} | {pairs} |"
    )


def job(changes: dict[str, Any]) -> Params:
    """The shipped params with some sections changed, at a fixed number of epochs."""
    values = read_yaml(ROOT / "params.yaml")
    for section, keys in changes.items():
        values[section] = {**values[section], **keys}
    values["train"] |= {"epochs": EPOCHS, "early_stopping": {"patience": EPOCHS}, "accelerator": "cpu"}
    return params_from(values)


def population(params: Params, dataset: Dataset, split: Split, threads: int) -> Side:
    """All folds as one population: statistics, fit, and the scores of the scored rows."""
    started = time.perf_counter()
    train = params.train.model_copy(update={"threads": threads})
    statistics_of_members = fit_statistics(dataset, split, params.preprocess)
    trained = train_members(dataset, split, statistics_of_members, params.model, train, params.augment)
    seconds = time.perf_counter() - started
    accuracy = METRICS["accuracy"].function
    scores = [
        accuracy(dataset.targets[split.rows(index, Role.SCORED)], predicted)
        for index, predicted in enumerate(trained.out_of_fold)
    ]
    return Side(seconds, float(np.mean(scores)))


def loop(params: Params, dataset: Dataset, split: Split, threads: int) -> Side:
    """One Trainer a fold."""
    rate = params.train.optimizer.learning_rate
    settings = lightning_loop.Settings(
        epochs=EPOCHS,
        batch_size=params.train.batch_size,
        patience=EPOCHS,
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=float(rate), fused=True),
        decay_per_epoch=params.train.schedule.exponential.decay_per_epoch,
        shift=params.augment.shift,
        threads=threads,
    )
    roles = (Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED)
    folds = [tuple(split.rows(index, role) for role in roles) for index in range(len(split.members))]
    found = lightning_loop.cross_validate(
        dataset.features,
        dataset.targets,
        folds,
        lambda: plain_network(params, dataset),
        settings,
        channel_statistics,
    )
    return Side(found.seconds, float(np.mean(found.accuracies)))


def channel_statistics(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, as the shipped params have it for both sides."""
    deviation, mean = torch.std_mean(rows, dim=(0, 2, 3), keepdim=True, correction=0)
    return mean[0], deviation[0]


def plain_network(params: Params, dataset: Dataset) -> nn.Module:
    """The same network with torch's own dropout."""
    network = build(params.model, dataset.schema.shape, dataset.schema.outputs, randomness.key_of(params.seed))
    for name, layer in list(network.named_children()):
        if isinstance(layer, Dropout):
            setattr(network, name, nn.Dropout(float(layer.rate)))
    return network


if __name__ == "__main__":
    main()
