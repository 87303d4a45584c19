"""What a training would have kept without the averaging of its weights: found beside it, for an honest comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof.training.stopping import Progress
from foldproof.training.weights import Weights


@dataclass
class BestWeights:
    """The best weights `[P, ...]` of every member, and the epochs that they are of."""

    weights: Weights
    epoch: list[int]


class Unaveraged:
    """Judges the weights as they are, as a training without averaging would: also by its patience."""

    def __init__(self, best: BestWeights, progress: Progress, patience: int, minimum_improvement: float) -> None:
        self.best = best
        self.progress = progress  # of the members still trained
        self._patience = patience
        self._minimum_improvement = minimum_improvement

    def judge(self, epoch: int, losses: Tensor, weights: Weights, running: dict[int, int]) -> None:
        """Keep the weights of those whose inner-validation loss `[P]` improved.

        `running` maps places in the tensors to members. Who would have stopped for want of patience stays as it is.
        """
        would_have_stopped = self.progress.waited >= self._patience
        losses = torch.where(would_have_stopped, torch.inf, losses)
        self.progress = self.progress.after(epoch, losses, self._minimum_improvement)
        improved = [place for place in running if self.progress.best_epoch[place] == epoch]
        self._keep([running[place] for place in improved], weights.select(improved), epoch)

    def compact(self, keep: Tensor) -> None:
        """Go on with the members at `keep` alone."""
        self.progress = self.progress.select(keep)

    def _keep(self, where: Sequence[int], weights: Weights, epoch: int) -> None:
        self.best.weights.write(where, weights)
        for index in where:
            self.best.epoch[index] = epoch
