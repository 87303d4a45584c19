"""What is known of members between two epochs: who is still trained, who is done, and how each gets on.

It shrinks with the population, and a checkpoint holds it.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from foldproof.training.checkpoints import Checkpoint, grouped
from foldproof.training.plateau import Plateau
from foldproof.training.stopping import Progress


@dataclass
class Standing:
    """Of the members still in the population's tensors, place by place."""

    first_loss: Tensor  # on its training rows before the first step, [P]
    progress: Progress
    plateau: Plateau
    alive: list[int]  # the index in the whole population of the member at each place
    done: set[int] = field(default_factory=set)  # indices of those who train no more

    @classmethod
    def start(cls, first_loss: Tensor) -> "Standing":
        """Everybody is there, and nothing has been seen of them but their losses before the first step `[P]`."""
        members = len(first_loss)
        return cls(first_loss, Progress.start(members), Plateau.start(members), list(range(members)))

    @classmethod
    def of(cls, found: Checkpoint) -> "Standing":
        """What a checkpoint holds of it."""
        progress, plateau = Progress(**found.group("progress")), Plateau(**found.group("plateau"))
        return cls(found.tensors["first_loss"], progress, plateau, found.facts["alive"], set(found.facts["done"]))

    def tensors(self) -> dict[str, Tensor]:
        """Its tensors by name."""
        return {
            "first_loss": self.first_loss,
            **grouped("progress", self.progress.tensors()),
            **grouped("plateau", self.plateau.tensors()),
        }

    def facts(self) -> dict[str, Any]:
        """The rest of it, as plain values."""
        return {"alive": self.alive, "done": sorted(self.done)}

    @property
    def running(self) -> dict[int, int]:
        """Place and index of each member that goes on training."""
        return {place: index for place, index in enumerate(self.alive) if index not in self.done}

    def compact(self) -> list[int]:
        """Go on with those who run; their places until now."""
        places = list(self.running)
        keep = torch.tensor(places)
        self.alive = [self.alive[place] for place in places]
        self.first_loss = self.first_loss[keep]
        self.progress, self.plateau = self.progress.select(keep), self.plateau.select(keep)
        return places
