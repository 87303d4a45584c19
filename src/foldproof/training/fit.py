"""Fit one population with Lightning: a fresh Trainer and fresh callbacks for every fit."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import pytorch_lightning as pl
import torch

from foldproof.data.splits import Member
from foldproof.training.best_epochs import BestEpochs
from foldproof.training.checkpoints import Checkpoint
from foldproof.training.descent import Descent
from foldproof.training.events import FitContinued, Sink
from foldproof.training.fold_data import EpochLoader, FoldData
from foldproof.training.kept import Kept
from foldproof.training.memory import keeping_freed_memory
from foldproof.training.module import PopulationModule
from foldproof.training.population import Population
from foldproof.training.recipe import Recipe
from foldproof.training.resume import Trail
from foldproof.training.weight_average import WeightAverage

_PRECISIONS: dict[str, Literal["32-true", "bf16-mixed", "64-true"]] = {
    "fp32": "32-true",
    "bf16": "bf16-mixed",
    "fp64": "64-true",
}


def fit(
    population: Population,
    data: FoldData,
    recipe: Recipe,
    device: str,
    precision: str,
    sinks: Sequence[Sink],
    trail: Trail | None = None,
) -> Kept:
    """Train until every member has stopped; returns each member's best weights.

    With a trail, a checkpoint follows every epoch, and the fit goes on from the one that an earlier process left.
    A member that diverges stops alone.
    """
    found = trail.found if trail else None
    average = None if recipe.averaging is None else WeightAverage(recipe.averaging, recipe.averages_from)
    best = BestEpochs(population.members, recipe, sinks, trail, average)
    if trail and found:
        _tell_again(trail, population.members, found.epochs, sinks)
        kept = Kept.of(found)
        if all(kept.stopped):
            return kept
        population = _as_found(population, data, found)
    module = PopulationModule(Descent(population, data, recipe.objective, recipe.watch_every), found)
    with _quiet(), _deterministic(), keeping_freed_memory():
        trainer = pl.Trainer(
            accelerator=device,
            devices=1,
            precision=_PRECISIONS[precision],
            max_epochs=recipe.epochs - data.first_epoch,
            callbacks=[best] if average is None else [average, best],
            deterministic=True,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )
        with _interruptible():
            trainer.fit(module, EpochLoader(data))
    return best.kept


def _tell_again(trail: Trail, members: tuple[Member, ...], epochs: int, sinks: Sequence[Sink]) -> None:
    for event in (FitContinued(members, epochs), *trail.past_events()):
        for sink in sinks:
            sink(event)


def _as_found(population: Population, data: FoldData, found: Checkpoint) -> Population:
    """The members that a checkpoint holds, with its weights; the data go on with the same."""
    alive = torch.tensor(found.facts["alive"])
    data.compact(alive)
    data.first_epoch = found.epochs
    return population.select(alive).trained(found.tensors["matrix"], found.group("buffers"))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Lightning answers Ctrl-C by ignoring the signal from then on and leaving Python; here it stays what it is."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit:
        raise KeyboardInterrupt from None
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _deterministic() -> Iterator[None]:
    """Lightning switches deterministic algorithms on for the whole process; afterwards they are as they were.

    Torch would then also fill all new memory, lest anybody read it unwritten; that costs a pass over each tensor.
    """
    memory: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        memory.fill_uninitialized_memory = before[1]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's banner about devices, and its own use of a class that torch 2.13 deprecates."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            warnings.filterwarnings("ignore", message="GPU available but not used.*")  # the user chose the CPU
            yield
    finally:
        logger.setLevel(level)
