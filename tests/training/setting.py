"""Small real data sets and short fits that the tests of training share."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from foldproof.config import Params, params_from
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Split, make_split
from foldproof.data.statistics import fit_statistics
from foldproof.training.events import EpochEnded, Event, Sink
from foldproof.training.fit import fit
from foldproof.training.kept import Kept
from foldproof.training.members import kinds_of, make_data, make_population, make_recipe
from foldproof.training.resume import trail_of


def digits(rows: int = 300) -> Dataset:
    from sklearn.datasets import load_digits

    found = load_digits()
    names = tuple(map(str, range(10)))
    return describe("digits", found.images[:rows].astype(np.uint8), found.target[:rows], classes=names)


def diabetes(rows: int = 200) -> Dataset:
    from sklearn.datasets import load_diabetes

    found = load_diabetes()
    return describe("diabetes", found.data[:rows], found.target[:rows], "regression")


def digits_twice(rows: int = 300, **beside: Any) -> Dataset:
    """Digits with two targets: which digit it is, and how much ink it took; rows count differently."""
    one = digits(rows)
    ink = one.features.reshape(rows, -1).mean(1) + np.random.default_rng(3).normal(0, 0.3, rows)
    two = describe("digits", one.features, {"digit": one.targets, "ink": ink})
    return replace(two, weights=np.linspace(0.5, 2, rows, dtype=np.float32), **beside)


def params(**sections: Any) -> Params:
    return params_from({"schema": 1, **sections})


def fit_together(
    dataset: Dataset,
    split: Split,
    chosen: Params,
    members: Sequence[int],
    sinks: Sequence[Sink] = (),
    folder: Path | None = None,
    nudge: float = 0.0,
) -> Kept:
    """Train these members of the split as one population, or as several where no plan would put them together.

    `nudge` is added to their first weights.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        populations = _populations_of(split, chosen, members)
        assert folder is None or len(populations) == 1
        parts = [_fitted(dataset, split, chosen, one, sinks, folder, nudge) for one in populations]
        return parts[0] if len(parts) == 1 else Kept.joined(parts, populations)
    finally:
        torch.set_num_threads(threads)


def _populations_of(split: Split, chosen: Params, members: Sequence[int]) -> list[list[int]]:
    kind = kinds_of(split, chosen.train)
    return [[one for one in members if kind[one] == own] for own in dict.fromkeys(kind[one] for one in members)]


def _fitted(
    dataset: Dataset,
    split: Split,
    chosen: Params,
    members: Sequence[int],
    sinks: Sequence[Sink],
    folder: Path | None,
    nudge: float,
) -> Kept:
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    population = make_population(dataset, split, statistics, chosen.model, chosen.train, chosen.augment, members)
    steps = split.steps_per_epoch(chosen.train.batch_size)
    data = make_data(dataset, split, tuple(members), chosen.train.batch_size, steps)
    recipe = make_recipe(dataset.schema.targets, chosen.train)
    population = population.trained(population.matrix.double() + nudge, population.buffers) if nudge else population
    with trail_of(folder) as trail:
        return fit(population, data, recipe, "cpu", chosen.train.precision, sinks, trail)


class Killed(BaseException):
    """Stands for a death that nothing can catch."""


def dying_after(epochs: int) -> Sink:
    """A sink that ends the fit in the middle of the epoch's end, before its checkpoint is written."""

    def sink(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == epochs:
            raise Killed

    return sink


def killed_and_resumed(
    dataset: Dataset, split: Split, chosen: Params, members: Sequence[int], sinks: Sequence[Sink] = ()
) -> Kept:
    """The same fit, killed at the end of every epoch but the first, and gone on with each time from its folder."""
    populations, parts = _populations_of(split, chosen, members), []
    for one in populations:
        with TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for epoch in range(1, chosen.train.epochs):
                with suppress(Killed):
                    fit_together(dataset, split, chosen, one, [dying_after(epoch)], folder)
            parts.append(fit_together(dataset, split, chosen, one, sinks, folder))
    return parts[0] if len(parts) == 1 else Kept.joined(parts, populations)


def split_of(dataset: Dataset, chosen: Params) -> Split:
    return make_split(dataset, chosen.split, chosen.seed)
