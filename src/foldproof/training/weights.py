"""What members have learnt, as one value: judged, averaged, kept and compared as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from foldproof.model.stacked import State
from foldproof.training.checkpoints import grouped, ungrouped
from foldproof.training.population import write_members


@dataclass(frozen=True)
class Weights:
    """Weights `[P, N]`, and running averages and rates of layers `[P, ...]`."""

    matrix: Tensor
    buffers: State

    @classmethod
    def of(cls, tensors: State) -> "Weights":
        """From what `tensors` gave."""
        return cls(tensors["matrix"], ungrouped("buffers", tensors))

    def tensors(self) -> State:
        """All of it by name."""
        return {"matrix": self.matrix, **grouped("buffers", self.buffers)}

    def copy(self, device: torch.device | str) -> "Weights":
        """The same on a device, in memory of its own."""
        return Weights.of({name: value.detach().to(device, copy=True) for name, value in self.tensors().items()})

    def select(self, keep: Tensor | Sequence[int]) -> "Weights":
        """The members at `keep`, in that order."""
        return Weights.of({name: value[keep] for name, value in self.tensors().items()})

    def write(self, where: Sequence[int], values: "Weights") -> None:
        """Put the members of `values` in the places `where`."""
        new = values.tensors()
        for name, into in self.tensors().items():
            write_members(into, where, new[name])

    def move_towards(self, newest: "Weights", share: Tensor) -> None:
        """`self += share * (newest - self)`, in place, by each member's share `[P]`; counters become the newest."""
        new = newest.tensors()
        for name, into in self.tensors().items():
            if into.is_floating_point():
                into.lerp_(new[name], share.reshape(-1, *(1,) * (into.dim() - 1)))
            else:
                into.copy_(new[name])
