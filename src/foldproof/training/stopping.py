"""Early stopping a member: it stops when its inner-validation loss has not improved for `patience` epochs."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Progress:
    """Per member `[P]`: the best loss so far, its epoch, and the epochs waited since."""

    best_loss: Tensor
    best_epoch: Tensor
    waited: Tensor

    @classmethod
    def start(cls, members: int) -> "Progress":
        """Nothing seen yet."""
        return cls(
            torch.full((members,), torch.inf, dtype=torch.float64),
            torch.full((members,), -1, dtype=torch.int64),
            torch.zeros(members, dtype=torch.int64),
        )

    def after(self, epoch: int, loss: Tensor, minimum_improvement: float) -> "Progress":
        """The progress after an epoch with these inner-validation losses `[P]` (float64, on the CPU)."""
        improved = loss < self.best_loss - minimum_improvement
        return Progress(
            torch.where(improved, loss, self.best_loss),
            torch.where(improved, epoch, self.best_epoch),
            torch.where(improved, 0, self.waited + 1),
        )

    def tensors(self) -> dict[str, Tensor]:
        """Its fields by name."""
        return {"best_loss": self.best_loss, "best_epoch": self.best_epoch, "waited": self.waited}

    def select(self, keep: Tensor) -> "Progress":
        """The members at `keep`."""
        return Progress(self.best_loss[keep], self.best_epoch[keep], self.waited[keep])
