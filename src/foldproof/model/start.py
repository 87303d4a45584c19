"""Trained weights to start from: read, found for each member, compared by name and shape, and put in their place."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foldproof.config.model import Model
from foldproof.data.preprocessing import Preprocessing
from foldproof.data.schema import Column, Schema
from foldproof.errors import ConfigError
from foldproof.model.exported import learnt_rows_of, read_files, under
from foldproof.model.stacked import StackedNetwork, State
from foldproof.model.start_source import RECORD, WEIGHTS, WHERE, files_of_start, hash_of_start
from foldproof.model.start_values import by_value, embedded_columns, with_unknown_ones

Fate = Literal["loaded", "new head", "shape differs", "missing"]
SHOWN = 3  # nearest names


@dataclass(frozen=True)
class Start:
    """The weights and running averages of S trained networks of one form, by name, `[S, ...]` each.

    `members` are the (repeat, fold) of each, `learnt_from` the hash of the rows of its data that it learnt from, and
    `learnt_rows` one of each row, complete where those of all that it started from itself are among them. A plain file,
    of which nothing is known, has one network, no schema, and none of these.
    """

    sha256: str
    tensors: State
    schema: Schema | None = None
    members: tuple[tuple[int, int], ...] = ()
    learnt_from: tuple[str, ...] = ()
    embedded: tuple[Column, ...] = ()  # the columns whose values have vectors, in the order of their tables
    learnt_rows: tuple[NDArray[np.int64], ...] = field(default=(), repr=False)
    complete: bool = False

    def place_of(self, repeat: int, fold: int, index: int) -> int:
        """The network that a member starts from: its own repeat and fold, else its index among as many as there are."""
        own = (repeat, fold)
        return self.members.index(own) if own in self.members else index % max(len(self.members), 1)

    def by_value(self, own: Sequence[Column]) -> tuple["Start", tuple[str, ...]]:
        """The same with vectors where the values of our columns have their codes, and what is said of it.

        A plain file does not say what its codes stand for, and stays as it is.
        """
        if self.schema is None:
            return self, ()
        tensors, lines = by_value(self.tensors, self.embedded, own)
        return replace(self, tensors=tensors), lines


@dataclass(frozen=True)
class Compared:
    """What becomes of one tensor of a network: `[*shape]`, in the source `[*found]`."""

    name: str
    shape: tuple[int, ...]
    fate: Fate
    found: tuple[int, ...] | None = None

    def __str__(self) -> str:
        there = f" (there {_product(self.found)})" if self.fate == "shape differs" and self.found is not None else ""
        return f"{self.name:<28} {_product(self.shape):>16}  {self.fate}{there}"


def read_start(section: Model) -> Start | None:
    """What `model.start_from` names; None where it names nothing. Raises ConfigError or DataError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    files = files_of_start(section)
    if not files:
        return None
    checksum = hash_of_start(section)
    if files[0].name == RECORD:
        return _of_model(files[0].parent, checksum)
    try:
        arrays = load_file(files[0])
    except (SafetensorError, ValueError) as error:
        raise ConfigError(f"{WHERE}: {files[0]}: not a readable file: {error}; legal: safetensors") from None
    if files[0].name == WEIGHTS and any(name.startswith("parameters.") for name in arrays):
        raise ConfigError(f"{WHERE}: found {files[0]}, legal: its folder, whose {RECORD} says what it is")
    return Start(checksum, {name: array.unsqueeze(0) for name, array in arrays.items()})


def _of_model(place: Path, checksum: str) -> Start:
    """Of several snapshots of a member the last one counts."""
    record, arrays = read_files(place)
    last = 0 if record.get("snapshots", 1) == 1 else -1
    tensors = under("parameters.", arrays) | under("buffers.", arrays)
    tensors = {name: array[:, -1] if last else array for name, array in tensors.items()}
    schema = Schema.from_dict(record["data"], f"{place}/{RECORD}: data")
    columns = embedded_columns(schema, Preprocessing.from_dict(record["preprocessing"]))
    members = record["members"]
    return Start(
        checksum,
        tensors | with_unknown_ones(tensors, columns, under("statistics.", arrays)),
        schema,
        tuple((one["repeat"], one["fold"]) for one in members),
        tuple(one.get("learnt_from", "") for one in members),
        columns,
        learnt_rows_of(arrays),
        bool(record.get("learnt_rows_complete", False)),
    )


def head_is_new(section: Model, schema: Schema, start: Start) -> bool:
    """Whether the output layer keeps its initial weights: as params say, else where something else is predicted."""
    if section.new_head != "auto":
        return section.new_head
    return start.schema is not None and _predicted(start.schema) != _predicted(schema)


def _predicted(schema: Schema) -> list[object]:
    return [target.classes or target.name for target in schema.targets]


def compare(network: StackedNetwork, buffers: State, start: Start, new_head: bool) -> tuple[Compared, ...]:
    """What becomes of each parameter and running average of the network.

    Raises ConfigError where nothing is loaded, with the nearest names of the source.
    """
    shapes: dict[str, tuple[int, ...]] = dict(zip(network.layout.names, map(tuple, network.layout.shapes), strict=True))
    shapes |= {name: tuple(value.shape[1:]) for name, value in network.saved_buffers(buffers).items()}
    found = {name: tuple(tensor.shape[1:]) for name, tensor in start.tensors.items()}

    def fate(name: str) -> Fate:
        if new_head and name in network.layout.head:
            return "new head"
        if name not in found:
            return "missing"
        return "loaded" if found[name] == shapes[name] else "shape differs"

    rows = tuple(Compared(name, shape, fate(name), found.get(name)) for name, shape in shapes.items())
    if not any(row.fate == "loaded" for row in rows):
        wanted = next((row.name for row in rows if row.fate != "new head"), rows[0].name)
        near = get_close_matches(wanted, found, n=SHOWN, cutoff=0) or ["none"]
        listed = ", ".join(f"{name} {_product(found[name])}" if name in found else name for name in near)
        raise ConfigError(
            f"{WHERE}: nothing of it fits this network: it has no {wanted} {_product(shapes[wanted])}, its nearest: "
            f"{listed}; legal: weights of a network with the same layers",
            *(str(row) for row in rows),
        )
    return rows


def load(
    network: StackedNetwork, matrix: Tensor, buffers: State, start: Start, places: Sequence[int], loaded: frozenset[str]
) -> tuple[Tensor, State]:
    """The matrix `[P, N]` and buffers `[P, ...]` with what is `loaded` taken from the networks at `places` `[P]`."""
    where = torch.tensor(places)

    def taken(state: State) -> State:
        return {
            name: start.tensors[name][where].to(value.dtype) if name in loaded else value
            for name, value in state.items()
        }

    return network.layout.fold(taken(network.layout.unfold(matrix))), taken(buffers)


def _product(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "one number"
