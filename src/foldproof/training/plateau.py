"""Reduce on plateau, a member: its learning rate falls when its inner-validation loss has stopped improving."""

from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof.config.schedule import ReduceOnPlateau


@dataclass(frozen=True)
class Plateau:
    """Per member `[P]`: the factor on its rate, its lowest loss, and the epochs since that loss or the last fall."""

    factor: Tensor
    lowest: Tensor
    waited: Tensor

    @classmethod
    def start(cls, members: int) -> "Plateau":
        """Nothing seen, nothing reduced."""
        return cls(
            torch.ones(members, dtype=torch.float64),
            torch.full((members,), torch.inf, dtype=torch.float64),
            torch.zeros(members, dtype=torch.int64),
        )

    def after(self, loss: Tensor, reduction: ReduceOnPlateau) -> "Plateau":
        """The state after an epoch with these inner-validation losses `[P]` (float64, on the CPU)."""
        lower = loss < self.lowest
        waited = torch.where(lower, 0, self.waited + 1)
        falls = waited >= reduction.patience
        reduced = (self.factor * reduction.factor).clamp(min=reduction.smallest)
        return Plateau(
            torch.where(falls, reduced, self.factor),
            torch.where(lower, loss, self.lowest),
            torch.where(falls, 0, waited),
        )

    def tensors(self) -> dict[str, Tensor]:
        """Its fields by name."""
        return {"factor": self.factor, "lowest": self.lowest, "waited": self.waited}

    def select(self, keep: Tensor) -> "Plateau":
        """The members at `keep`."""
        return Plateau(self.factor[keep], self.lowest[keep], self.waited[keep])
