"""What a kind of split deals from, and what it deals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from foldproof.config.split import Split as SplitSection
from foldproof.data.duplicates import Digests
from foldproof.data.splits.manifest import Role, Rows
from foldproof.reproducibility import seed_of

Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Material:
    """All that decides who may see which row; each array has a place for each of the N rows."""

    section: SplitSection
    digests: Digests  # [N, 2], equal where rows are equal
    unit: Rows  # rows of one number never part; numbered as they first occur
    unit_name: str  # what a unit is called in messages, such as row or group
    strata: Rows | None  # the class of each row, where every fold is to have an equal share of it
    classes: tuple[str, ...]
    groups: Rows | None
    times: NDArray[np.float64] | None


class Dealt(NamedTuple):
    """The roles `[N]` of the rows for one member; those of the test set are set afterwards."""

    repeat: int
    fold: int
    roles: NDArray[np.uint8]


@dataclass(frozen=True)
class Units:
    """The U units outside the test set, in the order in which they first occur."""

    material: Material
    usable: Rows  # the n rows that they consist of
    of_row: Rows  # [n], the unit of each of these rows, from 0 to U - 1
    first_row: Rows  # [U], the earliest row of each unit

    @classmethod
    def of(cls, material: Material, test: Chosen) -> "Units":
        """Those that have no row in the test set `[N]`."""
        rows = np.flatnonzero(outside(material, test))
        _, first, of_row = np.unique(material.unit[rows], return_index=True, return_inverse=True)
        return cls(material, rows, of_row, rows[first])

    def __len__(self) -> int:
        return len(self.first_row)

    def dealt(self, folds: Callable[[int], list[Rows]], inner: Callable[[Rows, int], Rows]) -> Iterator[Dealt]:
        """The members, repeat by repeat.

        Args:
            folds: given a seed, the units that each fold scores.
            inner: given the units that a fold keeps and a seed, places among them: its inner validation.
        """
        section = self.material.section
        for repeat in range(section.repeats):
            for fold, scored in enumerate(folds(seed_of("folds", section.seed, repeat))):
                role = np.full(len(self), Role.TRAINING, dtype=np.uint8)
                role[scored] = Role.SCORED
                kept = np.flatnonzero(role == Role.TRAINING)
                role[kept[inner(kept, seed_of("inner", section.seed, repeat, fold))]] = Role.INNER_VALIDATION
                roles = np.full(len(self.material.unit), Role.UNUSED, dtype=np.uint8)
                roles[self.usable] = role[self.of_row]
                yield Dealt(repeat, fold, roles)


def outside(material: Material, test: Chosen) -> Chosen:
    """Rows `[N]` that share no unit with a row of the test set `[N]`."""
    in_test = np.zeros(material.unit.max() + 1, dtype=bool)
    in_test[material.unit[test]] = True
    return ~in_test[material.unit]


def below(hashes: NDArray[np.uint64], share: float) -> Chosen:
    """Which of uniform 64-bit hashes fall below a share, in [0, 1), of their range."""
    return hashes < np.uint64(int(np.ceil(share * 2.0**64)))
