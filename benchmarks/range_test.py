"""Does the range test suggest a good rate? Its suggestion beside a grid of 12 rates, all trained to the end, 5 seeds.

Each seed deals test set and folds anew. All 13 rates train as one population of trials, on the same rows with the same
draws; the score is the mean over folds. The grid's best is taken by that very score, which flatters it.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch

from foldproof.checks.rate_range import look, range_of
from foldproof.checks.subject import Subject
from foldproof.config import Params, params_from
from foldproof.config.reading import read_yaml
from foldproof.data.sources import load_source
from foldproof.data.splits import Role, make_split
from foldproof.data.statistics import fit_statistics
from foldproof.training.optimizers import OPTIMIZERS
from foldproof.training.trials import fit_trials

ROOT = Path(__file__).resolve().parents[1]
SEEDS = 5
GRID = 12
JOBS: dict[str, dict[str, Any]] = {
    "digits: mlp, no augmentation": {"model": {"name": "mlp"}, "augment": {"shift": 0}},
    "digits: cnn (as shipped), 2 folds": {"split": {"folds": 2}},
    "breast_cancer": {"data": {"source": "breast_cancer"}},
}


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """One line a job and seed; nothing here is timed, so that nothing can be wrong with the machine."""
    say(
        f"Shipped params but for what is named; 5 folds; a grid of {GRID} rates over five decades around the customary."
    )
    say(
        "| job | seed | suggested | its score | best of grid | its score | difference, mean ± sd over folds | "
        "spread over folds | within the spread | grid rates within it |"
    )
    say("|---|---|---|---|---|---|---|---|---|---|")
    outside = 0
    for name, changes in JOBS.items():
        for seed in range(pairs or SEEDS):
            suggested, scores, grid = scored(changes, seed)
            best = max(range(GRID), key=lambda place: mean(scores[place]))
            own, top, spread = mean(scores[GRID]), mean(scores[best]), stdev(scores[best])
            outside += own < top - spread
            gains = [ours - theirs for ours, theirs in zip(scores[GRID], scores[best], strict=True)]
            near = sum(mean(one) >= top - spread for one in scores[:GRID])
            say(
                f"| {name} | {seed} | {suggested:.2g} | {own:.4f} | {grid[best]:.2g} | {top:.4f} | "
                f"{mean(gains):+.4f} ± {stdev(gains):.4f} | {spread:.4f} | "
                f"{'yes' if own >= top - spread else 'no'} | {near} of {GRID} |"
            )
    say(f"Outside the spread: {outside} of {len(JOBS) * (pairs or SEEDS)}.")
    return []


def scored(changes: dict[str, Any], seed: int) -> tuple[float, list[list[float]], list[float]]:
    """The suggestion, the accuracy on each fold of every rate of the grid and last of the suggestion, and the grid."""
    params = params_of(changes, seed)
    dataset = load_source(params.data)
    split = make_split(dataset, params.split, params.seed)
    statistics = fit_statistics(dataset, split, params.preprocess)
    seen = look(Subject(dataset, split, statistics, params), params.check.rate_range)
    suggested = float(seen.figures["marks"]["suggested"])
    grid = range_of(OPTIMIZERS[params.train.optimizer.name].learning_rate, GRID).tolist()
    trials = [with_rate(params, rate) for rate in [*grid, suggested]]
    models = fit_trials(dataset, split, statistics, trials, threads=torch.get_num_threads())
    rows = [split.rows(index, Role.SCORED) for index in range(len(split.members))]
    scores = [
        [
            float(np.mean(found.argmax(1) == dataset.targets[own]))
            for found, own in zip(model.predict_lists(dataset.features, rows), rows, strict=True)
        ]
        for model in models
    ]
    return suggested, scores, grid


def params_of(changes: dict[str, Any], seed: int) -> Params:
    """The shipped params with some changed, dealt anew by the seed."""
    values = read_yaml(ROOT / "params.yaml")
    for section, keys in changes.items():
        values[section] |= keys
    values["split"]["seed"] = values["seed"] = seed
    return params_from(values, kind="image" if values["data"]["source"] == "digits" else "table", absent=True)


def with_rate(params: Params, rate: float) -> Params:
    """The same with another learning rate."""
    optimizer = params.train.optimizer.model_copy(update={"learning_rate": rate})
    return params.model_copy(update={"train": params.train.model_copy(update={"optimizer": optimizer})})
