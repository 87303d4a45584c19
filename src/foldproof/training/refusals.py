"""Refuse what a training cannot work with, before anything expensive: all of it at once, one line each."""

from torch import nn

from foldproof.config.train import Train
from foldproof.errors import ConfigError
from foldproof.training.limits import problems_of
from foldproof.training.optimizers import OPTIMIZERS


def refuse_unfit_keys(train: Train) -> None:
    """Raise ConfigError where other keys of `train` do not go with its optimizer."""
    problems = problems_of(train, OPTIMIZERS[train.optimizer.name].limits)
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
