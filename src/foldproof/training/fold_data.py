"""The rows of a population, and the batches of an epoch: index tensors `[steps, P, B]`, made at once on the device."""

from collections.abc import Iterator
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foldproof.data.batches import RowTable, epoch_batches

STEPS_AT_ONCE = 64  # that Lightning hands over
RESIDENT_SHARE = 0.5  # of a GPU's free memory that the rows may take; beyond, they are gathered on the host


class FoldData:
    """One shared copy of the raw rows, and for each member alive the tables of rows that it may see."""

    def __init__(
        self,
        features: NDArray[Any],
        targets: NDArray[Any],
        training: RowTable,
        inner_validation: RowTable,
        keys: Tensor,
        batch_size: int,
        steps: int,
        first_epoch: int = 0,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        self.features = torch.from_numpy(features)
        self.targets = torch.from_numpy(targets)
        self.weights = None if weights is None else torch.from_numpy(weights)
        self.training = training
        self.inner_validation = inner_validation
        self.keys = keys
        self.batch_size = batch_size
        self.steps = steps
        self.first_epoch = first_epoch  # epochs that an earlier process has trained

    def to(self, device: torch.device) -> None:
        """Move tables and targets to the device, and the rows where they fit."""
        self.keys = self.keys.to(device)
        self.targets = self.targets.to(device)
        self.weights = None if self.weights is None else self.weights.to(device)
        self.training = self.training.to(device)
        self.inner_validation = self.inner_validation.to(device)
        if device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(device)
            if self.features.nbytes <= RESIDENT_SHARE * free:
                self.features = self.features.to(device)

    def epoch(self, number: int) -> Tensor:
        """The batches of an epoch, `[steps, P, B]`."""
        return epoch_batches(self.training, self.keys, number, self.batch_size, self.steps)

    def gather(self, index: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Raw rows `[P, B, *shape]` in `dtype` and targets, `[P, B]` or `[P, B, T]`, of an index tensor `[P, B]`.

        In memory the rows lie as `[B, P, *shape]`, which the network takes them as without a copy.
        """
        rows = self.features[index.t().to(self.features.device)].to(index.device, dtype).transpose(0, 1)
        targets = self.targets[index]
        return rows, targets.to(dtype) if targets.is_floating_point() else targets

    def row_weights(self, index: Tensor, dtype: torch.dtype) -> Tensor | None:
        """How much the rows of an index tensor `[P, B]` count by themselves, `[P, B]`; None where all count alike."""
        return None if self.weights is None else self.weights[index].to(dtype)

    def compact(self, keep: Tensor) -> None:
        """Go on with the members at `keep` alone."""
        self.keys = self.keys[keep]
        self.training = self.training.select(keep)
        self.inner_validation = self.inner_validation.select(keep)


class EpochLoader:
    """What Lightning iterates over; `set_epoch`, which it calls, says which of the epochs of this process it is."""

    def __init__(self, source: FoldData) -> None:
        self._source = source
        self._epoch = source.first_epoch
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0 where this process began."""
        self._epoch = self._source.first_epoch + epoch

    def __len__(self) -> int:
        return ceil(self._source.steps / STEPS_AT_ONCE)

    def __iter__(self) -> Iterator[Tensor]:
        yield from self._source.epoch(self._epoch).split(STEPS_AT_ONCE)
