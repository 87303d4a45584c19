"""Snapshots: copies of a member at the ends of its learning-rate cycles (Huang et al., "Snapshot Ensembles", 2017)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof.training.weights import Weights


@dataclass(frozen=True)
class Cycles:
    """Snapshots are taken every so many epochs; the last `kept` of them are kept."""

    every_epochs: int
    kept: int

    def end_with(self, epoch: int) -> bool:
        """Whether a cycle ends with this epoch (from 0)."""
        return (epoch + 1) % self.every_epochs == 0

    def may_stop_after(self, epoch: int) -> bool:
        """Whether a member may stop early: at the end of a cycle, with all its snapshots taken."""
        return self.end_with(epoch) and epoch + 1 >= self.kept * self.every_epochs


@dataclass(frozen=True)
class Snapshots:
    """The last S of every member, the newest last: weights `[P, S, ...]`, and the epochs `[P, S]` that they are of."""

    weights: Weights
    epochs: Tensor

    @classmethod
    def start(cls, weights: Weights, kept: int) -> "Snapshots":
        """Room for `kept` of each member; epoch -1 where nothing was taken yet."""
        tensors = weights.copy("cpu").tensors()
        room = {name: torch.stack([value] * kept, dim=1) for name, value in tensors.items()}
        return cls(Weights.of(room), torch.full((len(weights.matrix), kept), -1))

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> "Snapshots":
        """From what `tensors` gave."""
        return cls(Weights.of(tensors), tensors["epochs"])

    def tensors(self) -> dict[str, Tensor]:
        """All of it by name."""
        return {"epochs": self.epochs, **self.weights.tensors()}

    def take(self, where: Sequence[int], weights: Weights, epoch: int) -> None:
        """The weights `[Q, ...]` of the members `where` after this epoch; their oldest make room."""
        places = list(where)
        newest = {"epochs": torch.full((len(places),), epoch), **weights.tensors()}
        for name, into in self.tensors().items():
            into[places] = torch.cat([into[places, 1:], newest[name].detach().cpu().unsqueeze(1)], dim=1)
