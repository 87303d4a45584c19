"""What a fit leaves behind, and how checkpoints hold it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from foldproof.model.stacked import State
from foldproof.training.checkpoints import Checkpoint, grouped, ungrouped
from foldproof.training.snapshots import Snapshots
from foldproof.training.unaveraged import BestWeights
from foldproof.training.weights import Weights


@dataclass
class Kept:
    """Best weights `[P, N]` and buffers, best epoch and epochs run of all members of a fit.

    Beside them, where weights are averaged, the best without it, and where snapshots are taken, those.
    """

    matrix: Tensor
    buffers: State
    best_epoch: list[int]
    epochs: list[int]
    stopped: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # of each that diverged, what was seen
    cause: list[str] = field(default_factory=list)  # and the likely cause, a row of CAUSES
    unaveraged: BestWeights | None = None
    snapshots: Snapshots | None = None

    @classmethod
    def start(cls, weights: Weights, averages: bool, snapshots: int) -> "Kept":
        """Before the first epoch; `snapshots` is how many of each member will be kept."""
        members = len(weights.matrix)
        own = weights.copy("cpu")
        return cls(
            own.matrix,
            own.buffers,
            [-1] * members,
            [0] * members,
            [""] * members,
            [""] * members,
            [""] * members,
            BestWeights(weights.copy("cpu"), [-1] * members) if averages else None,
            Snapshots.start(weights, snapshots) if snapshots else None,
        )

    @property
    def weights(self) -> Weights:
        """Best weights and buffers together."""
        return Weights(self.matrix, self.buffers)

    def tensors(self) -> State:
        """Its tensors by name."""
        unaveraged = self.unaveraged.weights.tensors() if self.unaveraged else {}
        snapshots = self.snapshots.tensors() if self.snapshots else {}
        return self.weights.tensors() | grouped("unaveraged", unaveraged) | grouped("snapshots", snapshots)

    def facts(self) -> dict[str, Any]:
        """The rest of it, as plain values."""
        unaveraged = {"unaveraged_epoch": self.unaveraged.epoch} if self.unaveraged else {}
        names = ("best_epoch", "epochs", "stopped", "told", "cause")
        return {name: getattr(self, name) for name in names} | unaveraged

    @classmethod
    def joined(cls, parts: Sequence["Kept"], populations: Sequence[Sequence[int]]) -> "Kept":
        """What populations of these members left behind, as one, the members in ascending order."""
        members = [index for population in populations for index in population]
        tensors = [one.tensors() for one in parts]
        facts = [one.facts() for one in parts]
        together = cls._of(
            {name: torch.cat([one[name] for one in tensors]) for name in tensors[0]},
            {name: [value for one in facts for value in one[name]] for name in facts[0]},
        )
        return together.select(sorted(range(len(members)), key=members.__getitem__))

    def select(self, places: Sequence[int]) -> "Kept":
        """What the members at these places left behind, in that order."""
        return self._of(
            {name: value[list(places)] for name, value in self.tensors().items()},
            {name: [values[place] for place in places] for name, values in self.facts().items()},
        )

    @classmethod
    def of(cls, found: Checkpoint) -> "Kept":
        """What a checkpoint holds of it."""
        return cls._of(found.group("kept"), found.facts["kept"])

    @classmethod
    def _of(cls, tensors: State, facts: dict[str, Any]) -> "Kept":
        weights = Weights.of(tensors)
        unaveraged, snapshots = ungrouped("unaveraged", tensors), ungrouped("snapshots", tensors)
        rest = {name: values for name, values in facts.items() if name != "unaveraged_epoch"}
        return cls(
            weights.matrix,
            weights.buffers,
            **rest,
            unaveraged=BestWeights(Weights.of(unaveraged), facts["unaveraged_epoch"]) if unaveraged else None,
            snapshots=Snapshots.of(snapshots) if snapshots else None,
        )
