"""The work that every side of a benchmark is given, as tensors and numbers: a rival knows nothing of foldproof."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Assignment:
    """One network to train: its rows (numbers, `[n]`), its initial weights, its learning rate, its seed."""

    training: Tensor
    inner_validation: Tensor
    scored: Tensor
    network: nn.Module  # from normalised rows to logits; a rival may train it as it is
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class Work:
    """What to train, one network an assignment, with Adam and an exponential schedule of its learning rate.

    `features` are raw rows `[N, C, H, W]` (float32), `targets` classes `[N]`; both lie on `device`. A network stops
    early after `patience` epochs, and is scored at the epoch of its lowest inner-validation loss.
    """

    features: Tensor
    targets: Tensor
    assignments: tuple[Assignment, ...]
    epochs: int
    steps: int  # an epoch
    batch_size: int
    patience: int
    decay_per_epoch: float  # the learning rate at step s is lr * exp(-decay * s / steps)
    shift: float  # augmentation: each training row moves by up to so many pixels; 0 for none
    device: str = "cpu"


@dataclass(frozen=True)
class Outcome:
    """Wall time of one side, and of each of its networks the accuracy on its scored rows and the steps it took."""

    seconds: float
    accuracies: tuple[float, ...]
    steps: tuple[int, ...]

    @property
    def accuracy(self) -> float:
        """The mean over networks."""
        return sum(self.accuracies) / len(self.accuracies)


def accuracy(logits: Tensor, targets: Tensor) -> float:
    """The share of rows whose largest logit `[n, C]` is that of their class `[n]`."""
    return float((logits.argmax(1) == targets).double().mean())


def seeded(seed: int) -> None:
    """Each rival seeds torch before each network, which decides its order of rows, masks and shifts."""
    torch.manual_seed(seed)
