"""A population: everything that its members own, stacked along axis 0, so that it can be moved, cut and kept as one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from foldproof.data.preprocessing import Preprocessing
from foldproof.data.splits import Member
from foldproof.model.stacked import StackedNetwork, State
from foldproof.training.transfer import Transfer


@dataclass(frozen=True)
class Population:
    """P members and their tensors, each `[P, ...]`.

    `matrix` `[P, N]` weights; `buffers` running averages and rates of layers; `statistics` of the training rows, for
    preprocessing and augmentation; `keys` `[P, 2]`; `settings` numeric hyper-parameters `[P]`, and where there are some
    class weights `[P, K]` and target weights `[P, T]`; `strengths` of the augmentations that are on `[P]`. `transfer`
    says what of the network was trained before, and what stands still.
    """

    members: tuple[Member, ...]
    network: StackedNetwork
    preprocessing: Preprocessing
    matrix: Tensor
    buffers: State
    statistics: State
    keys: Tensor
    settings: State
    strengths: State
    transfer: Transfer

    def to(self, device: torch.device, dtype: torch.dtype) -> "Population":
        """The same population on a device; floating-point tensors in `dtype`, keys and counters as they are."""

        def moved(state: State) -> State:
            return {
                name: value.to(device, dtype if value.is_floating_point() else None) for name, value in state.items()
            }

        return replace(
            self,
            matrix=self.matrix.to(device, dtype),
            buffers=moved(self.buffers),
            statistics=moved(self.statistics),
            keys=self.keys.to(device),
            settings=moved(self.settings),
            strengths=moved(self.strengths),
        )

    def inputs(self, rows: Tensor) -> Tensor:
        """What the networks are given for raw rows `[P, B, *shape]`."""
        return self.preprocessing(rows, self.statistics)

    def trained(self, matrix: Tensor, buffers: State) -> "Population":
        """The same members with other weights and running averages."""
        return replace(self, matrix=matrix, buffers=buffers)

    def select(self, keep: Tensor) -> "Population":
        """The members at `keep`, in that order."""

        def kept(state: State) -> State:
            return {name: value[keep] for name, value in state.items()}

        return replace(
            self,
            members=tuple(self.members[index] for index in keep.tolist()),
            matrix=self.matrix[keep],
            buffers=kept(self.buffers),
            statistics=kept(self.statistics),
            keys=self.keys[keep],
            settings=kept(self.settings),
            strengths=kept(self.strengths),
        )


def join(populations: Sequence[Population]) -> Population:
    """The members of all populations as one; their networks must be of one form, their settings of the same names."""
    first = populations[0]
    if any(other.network.layout != first.network.layout for other in populations):
        raise ValueError("populations of networks with parameters of other names or shapes cannot be joined")

    def joined(states: list[State]) -> State:
        if any(state.keys() != states[0].keys() for state in states):
            raise ValueError(f"cannot be joined: {[sorted(state) for state in states]}")
        return {name: torch.cat([state[name] for state in states]) for name in states[0]}

    return replace(
        first,
        members=tuple(member for population in populations for member in population.members),
        matrix=torch.cat([population.matrix for population in populations]),
        buffers=joined([population.buffers for population in populations]),
        statistics=joined([population.statistics for population in populations]),
        keys=torch.cat([population.keys for population in populations]),
        settings=joined([population.settings for population in populations]),
        strengths=joined([population.strengths for population in populations]),
    )


def write_members(into: Tensor, where: Sequence[int], values: Tensor) -> None:
    """Copy `values` `[Q, ...]` into the rows `where` of `into` `[P, ...]`, in place."""
    into[list(where)] = values.to(into.device)
