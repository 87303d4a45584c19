"""From foldproof's params to the work of its rivals: the same rows, initial weights, rates, epochs and steps."""

import torch
from torch import Tensor, nn

from benchmarks.work import Assignment, Work
from foldproof.config import Params
from foldproof.config.augment import Augment
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import Inputs
from foldproof.data.splits import Role, Split
from foldproof.model.build import build
from foldproof.model.dropout import Dropout
from foldproof.training.members import key_of_member
from foldproof.training.settings import acting, settings_of


def rivals_work(
    params: Params, dataset: Dataset, split: Split, rates: tuple[float, ...] = (), device: str = "cpu"
) -> Work:
    """One network a rate and member of the split; without `rates` the one of the params.

    Networks are made here, before any clock starts: the rivals' users would take torch's own initial weights.
    """
    _refuse_what_rivals_have_not(params)
    train = params.train
    assert train.batch_size != "full"
    rows = [_rows(split, index, device) for index in range(len(split.members))]
    assignments = [
        Assignment(
            training,
            inner_validation,
            scored,
            network=plain_network(params, dataset, split, index),
            learning_rate=rate,
            seed=1000 * params.seed + 100 * place + index,
        )
        for place, rate in enumerate(rates or (float(train.optimizer.learning_rate),))
        for index, (training, inner_validation, scored) in enumerate(rows)
    ]
    return Work(
        features=torch.from_numpy(dataset.features).float().to(device),
        targets=torch.from_numpy(dataset.targets).to(device),
        assignments=tuple(assignments),
        epochs=train.epochs,
        steps=split.steps_per_epoch(train.batch_size),
        batch_size=train.batch_size,
        patience=train.early_stopping.patience,
        decay_per_epoch=train.schedule.exponential.decay_per_epoch,
        shift=params.augment.shift,
        device=device,
    )


def plain_network(params: Params, dataset: Dataset, split: Split, index: int) -> nn.Module:
    """The network of a member, with its initial weights, and torch's own dropout in place of ours."""
    shape, outputs = dataset.schema.shape, dataset.schema.outputs
    network = build(params.model, Inputs(shape), outputs, key_of_member(split.members[index]))
    for name, layer in list(network.named_children()):
        if isinstance(layer, Dropout):
            setattr(network, name, nn.Dropout(float(layer.rate)))
    return network


def _rows(split: Split, index: int, device: str) -> tuple[Tensor, Tensor, Tensor]:
    training, inner_validation, scored = (
        torch.from_numpy(split.rows(index, role)).to(device)
        for role in (Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED)
    )
    return training, inner_validation, scored


def _refuse_what_rivals_have_not(params: Params) -> None:
    """The rivals are written for the shipped params; another optimizer here would compare different things."""
    train, preprocess, augment = params.train, params.preprocess, params.augment
    same = (
        train.optimizer.name == "adam"
        and not acting(settings_of(train))
        and train.optimizer.adam.betas == (0.9, 0.999)
        and train.schedule.name == "exponential"
        and train.schedule.warmup_epochs == 0
        and train.early_stopping.minimum_improvement == 0
        and train.label_smoothing == 0
        and preprocess.center == preprocess.scale == "channel"
        and augment == Augment(shift=augment.shift)
    )
    if not same:
        raise ValueError("params.yaml has changed in a way that the rivals in benchmarks/ do not follow yet")
