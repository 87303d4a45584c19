"""What members start from and what of it stands still: decided once for a whole split, and told before it is done.

The choice looks at sizes and schemas alone, never at rows, so that it is the same for all members.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from foldproof.config.model import Model
from foldproof.config.train import Train
from foldproof.data.preprocessing import Preprocessing
from foldproof.data.schema import Column, Schema
from foldproof.data.splits import Split, hash_of_rows
from foldproof.errors import ConfigError
from foldproof.model.freezing import Choice, Situation, chosen_freeze
from foldproof.model.stacked import StackedNetwork, State
from foldproof.model.start import Compared, Start, compare, head_is_new, load, read_start
from foldproof.model.start_source import WHERE
from foldproof.model.start_values import embedded_columns
from foldproof.training.optimizers import OPTIMIZERS

WITH_A_START = {"new_head": "auto", "old_layers_rate": 1.0}  # keys that mean nothing without one


@dataclass(frozen=True)
class Transfer:
    """The parameters that were trained before, those that stand still, and until after which epoch (None: the end)."""

    loaded: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()
    unfreeze_epoch: int | None = None
    reason: str = ""
    start: Start | None = field(default=None, repr=False)
    compared: tuple[Compared, ...] = ()
    values: tuple[str, ...] = ()  # what is said of vectors of words and categories
    remark: str = ""

    def begun(
        self, network: StackedNetwork, matrix: Tensor, buffers: State, split: Split, indices: Sequence[int]
    ) -> tuple[Tensor, State]:
        """Weights `[P, N]` and buffers `[P, ...]` of the members at `indices`, with what is loaded in its place."""
        if self.start is None:
            return matrix, buffers
        places = [_place(self.start, split, index) for index in indices]
        found = frozenset(one.name for one in self.compared if one.fate == "loaded")
        return load(network, matrix, buffers, self.start, places, found)

    def lines(self) -> list[str]:
        """What is said before training: what was and was not loaded, and what stands still."""
        told = [f"start_from: {one}" for one in self.compared]
        told += [f"start_from: {one}" for one in self.values]
        if self.remark:
            told.append(f"warning: {WHERE}: {self.remark}")
        if self.start is not None or self.frozen:
            until = "" if self.unfreeze_epoch is None else f" for {self.unfreeze_epoch} epochs"
            told.append(f"freeze: {self.reason}{until if self.frozen else ''}")
        return told

    def record(self) -> dict[str, Any] | None:
        """What the model's record tells of its start; None where it began from initial weights."""
        if self.start is None:
            return None
        return {
            "sha256": self.start.sha256,
            "data": None if self.start.schema is None else self.start.schema.name,
            "fingerprint": None if self.start.schema is None else self.start.schema.fingerprint,
            "loaded": [one.name for one in self.compared if one.fate == "loaded"],
            "new": [one.name for one in self.compared if one.fate != "loaded"],
            "frozen": sorted(self.frozen),
            "freeze": self.reason,
            "unfreeze_epoch": self.unfreeze_epoch if self.frozen else None,
        }


def transfer_of(
    model: Model,
    train: Train,
    network: StackedNetwork,
    buffers: State,
    schema: Schema,
    split: Split,
    preprocessing: Preprocessing,
) -> Transfer:
    """What the sections ask for of a network; raises ConfigError or DataError with every problem.

    A source that was trained on the same data is refused, unless each member starts from one that learnt from just the
    rows that it may learn from itself: others have seen rows which are held out from it. Of other data
    `learnt_rows.refuse_seen_rows` compares the rows.
    """
    start = read_start(model)
    problems = _idle_keys(model, train, start)
    if start is None:
        situation = Situation(_rows_a_class(schema, split), frozenset(), alike=False)
        choice = chosen_freeze(model.freeze, network.layout, situation)
        if problems:
            raise ConfigError(*problems)
        return Transfer(frozenset(), choice.frozen, model.unfreeze_epoch, choice.reason)
    own = embedded_columns(schema, preprocessing)
    start, values = start.by_value(own)
    compared = compare(network, buffers, start, head_is_new(model, schema, start))
    loaded = frozenset(one.name for one in compared if one.fate == "loaded") & frozenset(network.layout.names)
    situation = Situation(_rows_a_class(schema, split), loaded, _alike(start, schema, own))
    choice = chosen_freeze(model.freeze, network.layout, situation)
    problems += [*_leaks(start, schema, split), *_not_loaded(model, choice, loaded, network, compared)]
    if problems:
        raise ConfigError(*problems)
    transfer = Transfer(loaded, choice.frozen, model.unfreeze_epoch, choice.reason, start, compared)
    return replace(transfer, values=values, remark=_remark(start, schema, own))


def _place(start: Start, split: Split, index: int) -> int:
    member = split.members[index]
    return start.place_of(member.repeat, member.fold, index)


def _leaks(start: Start, schema: Schema, split: Split) -> list[str]:
    if start.schema is None or start.schema.fingerprint != schema.fingerprint:
        return []
    leaking = [
        member.name
        for index, member in enumerate(split.members)
        if start.learnt_from[_place(start, split, index)] != hash_of_rows(split.training_part(index))
    ]
    if not leaking:
        return []
    return [
        f"{WHERE}: found a model of the same data ({schema.name}), whose members have learnt from rows that are held "
        f"out here from {', '.join(leaking)}; legal: a model of other data, or of the same split"
    ]


def _not_loaded(
    model: Model, choice: Choice, loaded: frozenset[str], network: StackedNetwork, compared: Sequence[Compared]
) -> list[str]:
    """Layers that would stand still as they were drawn, and an output layer that was to be loaded."""
    by_name = {one.name: one for one in compared}
    problems = [
        f"model.freeze: {name} would stand still with its initial weights, since it was not loaded "
        f"({by_name[name].fate}); legal: layers that are loaded, or auto"
        for name in network.layout.names
        if name in choice.frozen - loaded
    ]
    if model.new_head is False:
        problems += [
            f"model.new_head: found false, but {name} was not loaded ({by_name[name].fate}); legal: auto or true"
            for name in network.layout.names
            if name in network.layout.head - loaded
        ]
    return problems


def _idle_keys(model: Model, train: Train, start: Start | None) -> list[str]:
    problems = []
    if start is None:
        problems = [
            f"model.{key}: found {getattr(model, key)}, legal: {value}, as long as model.start_from is null"
            for key, value in WITH_A_START.items()
            if getattr(model, key) != value
        ]
    if model.unfreeze_epoch is not None:
        if model.freeze == "none":
            problems.append(f"model.unfreeze_epoch: found {model.unfreeze_epoch}, legal with model.freeze none: null")
        elif model.unfreeze_epoch >= train.epochs:
            problems.append(
                f"model.unfreeze_epoch: found {model.unfreeze_epoch}, legal: null or 1 to {train.epochs - 1}, fewer "
                "than train.epochs"
            )
    if model.old_layers_rate != 1 and not OPTIMIZERS[train.optimizer.name].rates_by_layer:
        problems.append(
            f"model.old_layers_rate: found {model.old_layers_rate:g}, legal with {train.optimizer.name}: 1; what moves "
            "the weights must be in the loss that its line search sees"
        )
    return problems


def _rows_a_class(schema: Schema, split: Split) -> int:
    return min(split.training_sizes()) // max(len(target.classes) or 1 for target in schema.targets)


def _alike(start: Start, schema: Schema, own: Sequence[Column]) -> bool:
    one = start.schema
    return (
        one is not None and (one.kind, one.shape) == (schema.kind, schema.shape) and _same_columns(start, schema, own)
    )


def _same_columns(start: Start, schema: Schema, own: Sequence[Column]) -> bool:
    """Whether columns are called and typed alike; values may differ of those whose vectors are found by value."""

    def told(columns: Sequence[Column], by_value: Sequence[Column]) -> list[Column]:
        return [replace(one, values=(), missing=False) if one in by_value else one for one in columns]

    return start.schema is not None and told(start.schema.columns, start.embedded) == told(schema.columns, own)


def _remark(start: Start, schema: Schema, own: Sequence[Column]) -> str:
    if start.schema is None:
        return "a plain file does not say what it was trained on; rows that are held out here may be among it"
    if not start.complete:
        return (
            "which rows it, or what it started from itself, has learnt from cannot be known, since a record of them is "
            "missing; rows that are held out here may be among them"
        )
    if not _same_columns(start, schema, own):
        return "its columns are not those of this data; weights are taken by place, not by what a column is called"
    return ""
