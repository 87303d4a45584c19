"""Batches as index tensors: which rows each member meets in which step, a pure function of its key and the epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foldproof import randomness
from foldproof.data.splits import Rows


@dataclass(frozen=True)
class RowTable:
    """Rows of P members side by side: `rows` `[P, n]` int64 and `weight` `[P, n]`, 0 where a shorter list is padded."""

    rows: Tensor
    weight: Tensor

    @classmethod
    def of(cls, lists: Sequence[Rows]) -> "RowTable":
        """A table of lists that differ in length; padding repeats a list's first row."""
        rows = padded(lists)
        weight = np.stack([np.arange(rows.shape[1]) < len(one) for one in lists])
        return cls(torch.from_numpy(rows), torch.from_numpy(weight).to(torch.float64))

    def select(self, keep: Tensor) -> "RowTable":
        """The members at `keep`."""
        return RowTable(self.rows[keep], self.weight[keep])

    def to(self, device: torch.device) -> "RowTable":
        """The same table on a device."""
        return RowTable(self.rows.to(device), self.weight.to(device))

    def order(self, keys: Tensor, epoch: int) -> Tensor:
        """The members' rows shuffled for one epoch, `[P, n]`, padding last; keys `[P, 2]`."""
        draws = randomness.words(randomness.fold_in(randomness.at(keys, "order"), epoch), self.rows.shape[1])
        last = torch.iinfo(torch.int64).max
        ranks = torch.where(self.weight > 0, draws.to(torch.int64), last)
        return self.rows.gather(1, torch.argsort(ranks, dim=1, stable=True))


def padded(lists: Sequence[Rows]) -> Rows:
    """Lists of rows side by side, `[P, n]`, the shorter ones filled up with their first row."""
    width = max(map(len, lists))
    return np.stack([np.concatenate([one, np.full(width - len(one), one[0])]) for one in lists])


def epoch_batches(table: RowTable, keys: Tensor, epoch: int, batch_size: int, steps: int) -> Tensor:
    """Index tensors `[steps, P, B]` of one epoch; rows left over come back in the next epoch's shuffle."""
    order = table.order(keys, epoch)[:, : steps * batch_size]
    return order.reshape(len(order), steps, batch_size).transpose(0, 1).contiguous()
