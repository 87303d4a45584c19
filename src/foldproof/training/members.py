"""What the members of a split are made of: from sections of params to the plain values and tensors of a fit."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from foldproof import randomness
from foldproof.config.augment import Augment
from foldproof.config.model import Model
from foldproof.config.train import Train
from foldproof.data.augmentation import strengths
from foldproof.data.batches import RowTable
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Member, Role, Split
from foldproof.data.statistics import Statistics
from foldproof.errors import ConfigError
from foldproof.metrics import primary
from foldproof.model.build import build
from foldproof.model.stacked import stack
from foldproof.training.averaging import AVERAGINGS
from foldproof.training.data_module import FoldDataModule
from foldproof.training.fit import Recipe
from foldproof.training.losses import loss_for
from foldproof.training.optimizers import OPTIMIZERS
from foldproof.training.population import Population
from foldproof.training.schedules import SCHEDULES
from foldproof.training.snapshots import Cycles


def make_recipe(task: Any, train: Train) -> Recipe:
    """Section `train` as the plain values that a fit takes."""
    optimizer, schedule, averaging = train.optimizer, train.schedule, train.averaging
    row, every = AVERAGINGS[averaging.name], averaging.snapshots.every_epochs
    return Recipe(
        task=task,
        score=primary(task),
        loss=loss_for(train.loss, task),
        optimizer=OPTIMIZERS[optimizer.name],
        block=getattr(optimizer, optimizer.name),
        factor_of_epochs=lambda epochs: SCHEDULES[schedule.name](epochs, getattr(schedule, schedule.name)),
        decays=optimizer.weight_decay > 0,
        clips=train.gradient_clip_norm is not None,
        epochs=train.epochs,
        patience=train.early_stopping.patience,
        minimum_improvement=train.early_stopping.minimum_improvement,
        divergence_factor=train.divergence_factor,
        averaging=row,
        averages_from=row.begins(getattr(averaging, averaging.name), train.epochs) if row else 0,
        cycles=Cycles(every, min(averaging.snapshots.keep, train.epochs // every)) if every else None,
    )


def make_population(
    dataset: Dataset,
    split: Split,
    statistics: Statistics,
    model: Model,
    train: Train,
    augment: Augment,
    chosen: Sequence[int] | None = None,
) -> Population:
    """The chosen members of the split, or all, with their initial weights, statistics, keys and settings."""
    schema = dataset.schema
    indices = list(range(len(split.members)) if chosen is None else chosen)
    members = tuple(split.members[index] for index in indices)
    keys = torch.stack([key_of_member(member) for member in members])
    networks = [build(model, schema.shape, schema.outputs, key) for key in keys]
    refuse_single_rows(networks[0], train.batch_size)
    network, matrix, buffers = stack(networks)
    rate = train.optimizer.learning_rate
    settings = {
        "learning_rate": OPTIMIZERS[train.optimizer.name].learning_rate if rate == "auto" else rate,
        "weight_decay": train.optimizer.weight_decay,
        "label_smoothing": train.label_smoothing,
        "clip_norm": train.gradient_clip_norm or torch.inf,
    }
    if averaging := AVERAGINGS[train.averaging.name]:
        settings["average_decay"] = averaging.decay(getattr(train.averaging, train.averaging.name))
    return Population(
        members=members,
        network=network,
        matrix=matrix,
        buffers=buffers,
        statistics={name: torch.from_numpy(value[indices]) for name, value in statistics.arrays().items()},
        keys=keys,
        settings={name: _per_member(value, members) for name, value in settings.items()},
        strengths={name: _per_member(value, members) for name, value in strengths(augment, schema).items()},
    )


def refuse_single_rows(network: nn.Module, batch_size: int) -> None:
    """Raise ConfigError where batch normalisation would have a single row to normalise over."""
    if batch_size == 1 and any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in network.modules()):
        raise ConfigError(
            "train.batch_size: found 1, legal with batch normalisation: at least 2; or set batch_norm: false"
        )


def make_data(dataset: Dataset, split: Split, members: tuple[int, ...], batch_size: int, steps: int) -> FoldDataModule:
    """The rows that these members may train on and stop by; the scored rows and the test set are not in it."""
    training, inner = (
        RowTable.of([split.rows(index, role) for index in members]) for role in (Role.TRAINING, Role.INNER_VALIDATION)
    )
    keys = torch.stack([key_of_member(split.members[index]) for index in members])
    return FoldDataModule(dataset.features, dataset.targets, training, inner, keys, batch_size, steps)


def key_of_member(member: Member) -> torch.Tensor:
    """The key `[2]` under which all draws of a member fall; trials of a search share it."""
    return randomness.key_of(member.seed, member.repeat, member.fold)


def _per_member(value: float, members: tuple[Member, ...]) -> torch.Tensor:
    return torch.full((len(members),), value, dtype=torch.float64)
