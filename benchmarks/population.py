"""foldproof's side: all networks as one population, from the statistics to the scores of the scored rows.

As in the pipeline, a checkpoint of everything is written and synced after every epoch.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import torch

from benchmarks.compiled_network import CompiledNetwork
from benchmarks.jobs import Job
from benchmarks.work import Outcome
from foldproof.config import Params
from foldproof.data.batches import RowTable
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import normalise
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import fit_statistics
from foldproof.model.stacked import StackedNetwork
from foldproof.training.cross_validation import train_members
from foldproof.training.events import Sink
from foldproof.training.fit import fit
from foldproof.training.kept import Kept
from foldproof.training.members import make_data, make_population, make_recipe
from foldproof.training.population import Population
from foldproof.training.resume import Resume, trail_of


def cross_validate(params: Params, dataset: Dataset, split: Split) -> Outcome:
    """All members of the split, with one learning rate, by the function that the pipeline calls."""
    started = perf_counter()
    statistics = fit_statistics(dataset, split, params.preprocess)
    sections = params.model, params.train, params.augment
    with TemporaryDirectory() as folder:
        trained = train_members(dataset, split, statistics, *sections, resume=Resume(Path(folder)))
    accuracies = tuple(
        float((predicted.argmax(1) == dataset.targets[split.rows(index, Role.SCORED)]).mean())
        for index, predicted in enumerate(trained.out_of_fold)
    )
    seconds = perf_counter() - started
    steps = split.steps_per_epoch(params.train.batch_size)
    return Outcome(seconds, accuracies, tuple(steps * member["epochs"] for member in trained.model.members))


def cross_validate_rates(
    job: Job,
    params: Params,
    dataset: Dataset,
    split: Split,
    device: str = "cpu",
    precision: str = "fp32",
    *,
    compiled: bool = False,
    sinks: Sequence[Sink] = (),
) -> Outcome:
    """All members with each of the job's rates, as one population; tells of those that the rivals train too."""
    started = perf_counter()
    everyone = tuple(range(len(split.members))) * len(job.learning_rates)
    population = population_of_rates(job, params, dataset, split)
    if compiled:
        population = replace(population, network=CompiledNetwork(population.network))
    steps = split.steps_per_epoch(params.train.batch_size)
    data = make_data(dataset, split, everyone, params.train.batch_size, steps)
    recipe = make_recipe(dataset.schema.targets, params.train)
    with TemporaryDirectory() as folder, trail_of(Path(folder)) as trail:
        kept = fit(population, data, recipe, device, precision, sinks, trail)
    accuracies = scored(population, kept, dataset, split, device)
    seconds = perf_counter() - started
    shared = [place for place, rate in enumerate(_rate_of_each(job, split)) if rate in job.rates_of_rivals]
    return Outcome(
        seconds,
        tuple(accuracies[place] for place in shared),
        tuple(steps * kept.epochs[place] for place in shared),
    )


def population_of_rates(job: Job, params: Params, dataset: Dataset, split: Split) -> Population:
    """Every member of the split once for each rate: they share keys, rows and initial weights."""
    statistics = fit_statistics(dataset, split, params.preprocess)
    once = make_population(dataset, split, statistics, params.model, params.train, params.augment)
    everyone = once.select(torch.arange(len(split.members)).repeat(len(job.learning_rates)))
    rates = torch.tensor(_rate_of_each(job, split), dtype=torch.float64)
    return replace(everyone, settings={**everyone.settings, "learning_rate": rates})


@torch.no_grad()
def scored(population: Population, kept: Kept, dataset: Dataset, split: Split, device: str) -> list[float]:
    """Accuracy of each member's best weights on its scored rows."""
    folds = len(split.members)
    table = RowTable.of([split.rows(place % folds, Role.SCORED) for place in range(len(population.members))])
    rows = torch.from_numpy(np.asarray(dataset.features)).to(device)[table.rows.to(device)].float()
    statistics = {name: value.to(device, rows.dtype) for name, value in population.statistics.items()}
    network: StackedNetwork = population.network
    buffers = {name: value.to(device) for name, value in kept.buffers.items()}
    logits = network(kept.matrix.to(device), buffers, normalise(rows, statistics["center"], statistics["scale"]))
    targets = torch.from_numpy(dataset.targets)[table.rows]
    right = (logits.argmax(2).cpu() == targets) & (table.weight > 0)
    return (right.sum(1) / table.weight.sum(1)).tolist()


def _rate_of_each(job: Job, split: Split) -> list[float]:
    return [rate for rate in job.learning_rates for _ in split.members]
