"""A look at a population every so many steps: beside the arithmetic of training, and in no part of it.

What is seen stays on the device until the epoch ends, so that no step waits for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import inf

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from foldproof.config.check import SaturatedUnits
from foldproof.model.observed import BOUNDED, RECTIFIED, dead_share, end_share, observe
from foldproof.model.stacked import Layout, StackedNetwork, State
from foldproof.training.elements import Block

MOST_ROWS = 64  # of a batch, that layers are looked at with
WITHIN = SaturatedUnits().within  # of its range an output is near an end, as in the checks before training


@dataclass(frozen=True)
class Look:
    """What was seen in a step: `[P]` each, those of layers by name."""

    step: int
    loss: Tensor
    gradient_norm: Tensor
    learning_rate: Tensor
    update_ratio: State
    dead: State
    saturated: State


@dataclass(frozen=True)
class Size:
    """How large the gradient `[P]` and the largest update beside its weights `[P]` were in the step looked at last."""

    step: int
    gradient_norm: Tensor
    update_ratio: Tensor

    @classmethod
    def of(cls, look: Look) -> "Size":
        """Those of a look; NaN where no weights were moved that had a size."""
        nothing = torch.full_like(look.gradient_norm, torch.nan)
        ratios = torch.stack([nothing, *look.update_ratio.values()])
        largest = ratios.nan_to_num(nan=-1).amax(0)
        return cls(look.step, look.gradient_norm, torch.where(largest < 0, nothing, largest))

    def tensors(self) -> dict[str, Tensor]:
        """All of it by name, as a checkpoint holds it."""
        return {
            "step": torch.tensor(self.step),
            "gradient_norm": self.gradient_norm,
            "update_ratio": self.update_ratio,
        }

    def select(self, keep: Tensor) -> "Size":
        """Of the members at `keep`."""
        keep = keep.to(self.gradient_norm.device)
        return Size(self.step, self.gradient_norm[keep], self.update_ratio[keep])


class Watch:
    """The looks of the epoch so far, and what the last one before it said of sizes."""

    def __init__(self, every: int) -> None:
        """Look every so many steps; never at 0."""
        self._every = every
        self.looks: list[Look] = []
        self._earlier: Size | None = None
        self._noted: tuple[Tensor, Tensor]

    def due(self, step: int) -> bool:
        """Whether this step, from the population's very first, is looked at."""
        return self._every > 0 and step % self._every == 0

    def note(self, losses: Tensor, gradient: Tensor) -> None:
        """The losses `[P]` before the step to come, and the gradient `[P, N]` before it is clipped."""
        self._noted = losses, vector_norm(gradient, dim=1)

    def add(self, step: int, learning_rate: Tensor, update_ratio: State, shares: tuple[State, State]) -> None:
        """What was seen of the step just made, beside what was noted in it."""
        self.looks.append(Look(step, *self._noted, learning_rate, update_ratio, *shares))

    def before(self, step: float = inf) -> Size | None:
        """What was seen last of sizes before a step of this epoch, all of them by default; None where nothing was."""
        sizes = (Size.of(look) for look in reversed(self.looks) if look.step < step)
        return next(sizes, self._earlier)

    def begin_epoch(self) -> None:
        """Leave the looks behind, which have been told."""
        self._earlier = self.before()
        self.looks = []

    def compact(self, keep: Tensor) -> None:
        """Go on with the members at `keep`; the looks of an epoch are told before."""
        self.begin_epoch()
        self._earlier = self._earlier.select(keep) if self._earlier else None

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds of it."""
        last = self.before()
        return last.tensors() if last else {}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on with what `tensors` gave."""
        if tensors:
            self._earlier = Size(int(tensors["step"]), tensors["gradient_norm"], tensors["update_ratio"])


def update_ratios(layout: Layout, blocks: Iterable[Block], before: Tensor, after: Tensor) -> State:
    """`|w_after - w_before| / |w_before|` `[P]` of the weights in each block of the matrices `[P, N]`, by name.

    About 1e-3 is usual. NaN where weights were all 0, whose ratio says nothing.
    """
    names = dict(zip(accumulate(layout.sizes, initial=0), layout.names, strict=False))
    step, found = after - before, {}
    for start, rows, width in blocks:
        part = slice(start, start + rows * width)
        size = vector_norm(before[:, part], dim=1)
        found[names[start]] = torch.where(size > 0, vector_norm(step[:, part], dim=1) / size, torch.nan)
    return found


def shares_of_layers(
    network: StackedNetwork, matrix: Tensor, buffers: State, inputs: Tensor, frozen: frozenset[str]
) -> tuple[State, State]:
    """Shares `[P]` of dead units and of saturated outputs, by layer, for `inputs` `[P, B, *shape]`.

    Layers that belong to `frozen` parameters are left out.
    """

    def look(layer: nn.Module, outputs: Tensor) -> dict[str, Tensor]:
        if type(layer) in RECTIFIED:
            return {"dead": dead_share(outputs)}
        ends = BOUNDED.get(type(layer))
        return {"saturated": end_share(outputs, ends, WITHIN)} if ends else {}

    if not network.has(*RECTIFIED, *BOUNDED):
        return {}, {}
    still = network.layers_of(frozen)
    seen = observe(network, matrix, buffers, inputs[:, :MOST_ROWS], look)
    moving = {layer: found for layer, found in seen.items() if layer.partition(" ")[0] not in still}
    dead, saturated = (
        {layer: found[kind] for layer, found in moving.items() if kind in found} for kind in ("dead", "saturated")
    )
    return dead, saturated
