"""What the members of a split are made of: from sections of params to the plain values and tensors of a fit."""

from collections.abc import Sequence
from functools import partial
from math import inf

import numpy as np
import torch

from foldproof import randomness
from foldproof.config.augment import Augment
from foldproof.config.closed import BatchSize
from foldproof.config.model import Model
from foldproof.config.train import Train
from foldproof.data.augmentation import measured, refuse_mixing_of_single_rows, strengths
from foldproof.data.batches import RowTable
from foldproof.data.dataset import Dataset
from foldproof.data.schema import Schema, Target
from foldproof.data.splits import Member, Role, Split
from foldproof.data.statistics import Statistics
from foldproof.metrics import primary
from foldproof.model.build import build
from foldproof.model.stacked import State, stack
from foldproof.training.averaging import AVERAGINGS
from foldproof.training.beginning import Beginning, beginning_of
from foldproof.training.class_weights import CLASS_WEIGHTS
from foldproof.training.fold_data import FoldData
from foldproof.training.heads import ceiling, heads_for, target_weights
from foldproof.training.losses import loss_settings
from foldproof.training.objective import Objective
from foldproof.training.optimizers import OPTIMIZERS
from foldproof.training.penalties import PENALTIES
from foldproof.training.population import Population
from foldproof.training.recipe import Recipe
from foldproof.training.refusals import refuse_unfit_keys, refuse_unfit_network
from foldproof.training.schedules import factor_of_epochs, reduction_on_plateau
from foldproof.training.settings import acting, settings_of
from foldproof.training.snapshots import Cycles

FIRST_ROWS = 256  # that initial weights may be scaled by


def make_recipe(targets: Sequence[Target], train: Train) -> Recipe:
    """Section `train` as the plain values that a fit takes; raises ConfigError where its keys do not go together."""
    optimizer, averaging = train.optimizer, train.averaging
    refuse_unfit_keys(train)
    row, every = AVERAGINGS[averaging.name], averaging.snapshots.every_epochs
    return Recipe(
        objective=Objective(
            heads=heads_for(train, targets),
            optimizer=OPTIMIZERS[optimizer.name],
            block=getattr(optimizer, optimizer.name),
            factor_of_epochs=factor_of_epochs(train.schedule, train.epochs),
            acting=acting(settings_of(train)),
        ),
        score=primary(targets[0].task),
        reduction=reduction_on_plateau(train.schedule),
        epochs=train.epochs,
        patience=train.early_stopping.patience,
        minimum_improvement=train.early_stopping.minimum_improvement,
        divergence_factor=train.divergence_factor,
        averaging=row,
        averages_from=row.begins(getattr(averaging, averaging.name), train.epochs) if row else 0,
        cycles=Cycles(every, min(averaging.snapshots.keep, train.epochs // every)) if every else None,
        watch_every=train.watch_every,
    )


def make_population(
    dataset: Dataset,
    split: Split,
    statistics: Statistics,
    model: Model,
    train: Train,
    augment: Augment,
    chosen: Sequence[int] | None = None,
    beginning: Beginning | None = None,
) -> Population:
    """The chosen members of the split, or all, with their initial weights, statistics, keys and settings.

    `beginning` is what `beginning_of` gives for these sections; it is decided here where it is not given.
    """
    schema, tasks = dataset.schema, [target.task for target in dataset.schema.targets]
    indices = list(range(len(split.members)) if chosen is None else chosen)
    members = tuple(split.members[index] for index in indices)
    keys = torch.stack([key_of_member(member) for member in members])
    inputs = statistics.preprocessing.inputs
    beginning = beginning or beginning_of(model, train, schema, split, statistics.preprocessing)
    words = beginning.words
    networks = [
        build(model, inputs, schema.outputs, key, partial(_first_rows, dataset, split, statistics, index, key), words)
        for index, key in zip(indices, keys, strict=True)
    ]
    refuse_unfit_network(train, networks[0])
    network, matrix, buffers = stack(networks)
    transfer = beginning.transfer
    matrix, buffers = transfer.begun(network, matrix, buffers, split, indices)
    on = strengths(augment, schema)
    refuse_mixing_of_single_rows(on, train.batch_size)
    learnt = {name: value[indices] for name, value in statistics.learnt.items()}
    learnt |= measured(on, dataset, [split.rows(index, Role.TRAINING) for index in indices])
    return Population(
        members=members,
        network=network,
        preprocessing=statistics.preprocessing,
        matrix=matrix,
        buffers=buffers,
        statistics={name: torch.from_numpy(value) for name, value in learnt.items()},
        keys=keys,
        settings={
            **{name: _per_member(value, members) for name, value in settings_of(train).items()},
            "loss_ceiling": _per_member(_ceiling(train, schema), members),
            **{name: _per_member(value, members) for name, value in loss_settings(train, *tasks).items()},
            **_target_weights(train, schema, members),
            **_class_weights(dataset, split, train, indices),
            **({"old_rate_factor": _per_member(model.old_layers_rate, members)} if transfer.loaded else {}),
        },
        strengths={name: _per_member(value, members) for name, value in on.items()},
        transfer=transfer,
    )


def kinds_of(split: Split, train: Train) -> tuple[int, ...]:
    """A number for each member of the split; those that differ in it cannot train as one population.

    An optimizer may want its members alone, and full batches are of one size in a population.
    """
    if OPTIMIZERS[train.optimizer.name].alone:
        return tuple(range(len(split.members)))
    return split.training_sizes() if train.batch_size == "full" else (0,) * len(split.members)


def _first_rows(dataset: Dataset, split: Split, statistics: Statistics, index: int, key: torch.Tensor) -> torch.Tensor:
    """The first training rows of a member's first epoch `[B, *shape]`, centred and scaled as it will see them."""
    training = RowTable.of([split.rows(index, Role.TRAINING)])
    chosen = np.sort(training.order(key[None], 0)[0, :FIRST_ROWS].numpy())
    rows = torch.from_numpy(np.asarray(dataset.features[chosen], dtype=np.float64))
    learnt = {name: torch.from_numpy(value[index : index + 1]) for name, value in statistics.learnt.items()}
    return statistics.preprocessing(rows[None], learnt)[0]


def make_data(dataset: Dataset, split: Split, members: tuple[int, ...], batch_size: BatchSize, steps: int) -> FoldData:
    """The rows that these members may train on and stop by; the scored rows and the test set are not in it.

    Members with full batches have training sets of one size, so that no batch is padded and no row is left out.
    """
    training, inner = (
        RowTable.of([split.rows(index, role) for index in members]) for role in (Role.TRAINING, Role.INNER_VALIDATION)
    )
    keys = torch.stack([key_of_member(split.members[index]) for index in members])
    if batch_size == "full":
        batch_size = training.rows.shape[1]
        if not training.weight.all():
            raise ValueError("members with full batches must have training sets of one size to be one population")
    return FoldData(
        dataset.features, dataset.targets, training, inner, keys, batch_size, steps, weights=dataset.weights
    )


def key_of_member(member: Member) -> torch.Tensor:
    """The key `[2]` under which all draws of a member fall; trials of a search share it."""
    return randomness.key_of(member.seed, member.repeat, member.fold)


def _ceiling(train: Train, schema: Schema) -> float:
    """The largest value of what a member minimises; a penalty grows without end."""
    penalised = acting(settings_of(train)) & PENALTIES.keys()
    heads = heads_for(train, schema.targets)  # refuses what does not fit, penalised or not
    return inf if penalised else ceiling(heads, target_weights(train, schema.targets))


def _target_weights(train: Train, schema: Schema, members: tuple[Member, ...]) -> State:
    """`target_weights` `[P, T]`; nothing where there is one target."""
    if len(schema.targets) == 1:
        return {}
    weights = torch.tensor(target_weights(train, schema.targets), dtype=torch.float64)
    return {"target_weights": weights.repeat(len(members), 1)}


def _class_weights(dataset: Dataset, split: Split, train: Train, indices: Sequence[int]) -> State:
    """`class_weights` `[P, K]`, each member's from its own training rows; nothing where they are off.

    Those of all targets stand side by side as the outputs do, with 1 in the place of numbers.
    """
    weigh = CLASS_WEIGHTS[train.class_weights]
    if weigh is None:
        return {}
    found = []
    for place in range(len(dataset.schema.targets)):
        of_target = dataset.view(place)
        classes = len(of_target.schema.classes)
        parts = [np.asarray(of_target.targets[split.rows(index, Role.TRAINING)]) for index in indices]
        found.append(np.stack([weigh(part, classes) if classes else np.ones(1) for part in parts]))
    return {"class_weights": torch.from_numpy(np.concatenate(found, axis=1))}


def _per_member(value: float, members: tuple[Member, ...]) -> torch.Tensor:
    return torch.full((len(members),), value, dtype=torch.float64)
