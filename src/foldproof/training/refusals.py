"""Refuse what a training cannot work with, before anything expensive: all of it at once, one line each."""

from torch import nn

from foldproof.config.train import Train
from foldproof.errors import ConfigError
from foldproof.training.limits import problems_of
from foldproof.training.optimizers import OPTIMIZERS


def refuse_unfit_keys(train: Train) -> None:
    """Raise ConfigError where keys of `train` do not go with its optimizer, or with one another.

    What is compared with a key whose value is customary for a kind of data stands here, not in the config's validators:
    those also see params of which the kind is not known yet.
    """
    problems = problems_of(train, OPTIMIZERS[train.optimizer.name].limits)
    every = train.averaging.snapshots.every_epochs
    if every is not None and every > train.epochs:
        problems.append(
            f"train.averaging.snapshots.every_epochs: found {every}, legal: null or 1 to {train.epochs} (train.epochs)"
        )
    if problems:
        raise ConfigError(*problems)


def refuse_unfit_network(train: Train, network: nn.Module) -> None:
    """Raise ConfigError where the network lacks layers that the optimizer is made for, or its batches are too small."""
    problems: list[str] = []
    layer = OPTIMIZERS[train.optimizer.name].layer
    if layer is not None and not _has(network, layer):
        legal = ", ".join(name for name, row in OPTIMIZERS.items() if row.layer is None)
        problems.append(
            f"train.optimizer.name: found {train.optimizer.name}, which is for networks with a layer "
            f"{layer.__name__}, and the network has none; legal here: {legal}"
        )
    if train.batch_size == 1 and _has(network, nn.modules.batchnorm._BatchNorm):
        problems.append(
            "train.batch_size: found 1, legal with batch normalisation: at least 2; or set model.normalisation: layer"
        )
    if problems:
        raise ConfigError(*problems)


def _has(network: nn.Module, layer: type[nn.Module]) -> bool:
    return any(isinstance(module, layer) for module in network.modules())
