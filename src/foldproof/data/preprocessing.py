"""From raw rows to what networks are given, with what each member learnt from its own training rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foldproof.config.data import Preprocess
from foldproof.data.schema import Kind, Schema
from foldproof.data.text.vocabulary import BESIDE, with_unknown

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Inputs:
    """What a network is given: rows of a shape, whose last columns may be codes, to be embedded."""

    shape: tuple[int, ...]
    coded: tuple[int, ...] = ()
    """of each of the last columns, how many codes 0, 1, ... it takes"""


@dataclass(frozen=True)
class Preprocessing:
    """What is done to raw rows `[P, B, *shape]`; what it learnt is handed in, `[P, ...]` by name."""

    inputs: Inputs
    kind: Kind = "table"
    """of the rows"""
    coded: tuple[str, ...] = ()
    """the names of the columns that hold codes"""

    def __call__(self, rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
        """Network inputs `[P, B, *inputs.shape]`."""
        return APPLIED[self.kind](self, rows, learnt)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        codes = {"kind": self.kind, "columns": list(self.coded)} if self.coded else {}
        return {"shape": list(self.inputs.shape), "coded": list(self.inputs.coded), **codes}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """Read what `to_dict` wrote."""
        inputs = Inputs(tuple(values["shape"]), tuple(values["coded"]))
        return cls(inputs, values.get("kind", "table"), tuple(values.get("columns", ())))


def preprocessing_of(section: Preprocess, schema: Schema) -> Preprocessing:  # noqa: ARG001
    """What section `preprocess` asks for; raises ConfigError where it does not fit the data."""
    if schema.kind != "text":
        return Preprocessing(Inputs(schema.shape))
    coded = tuple(len(column.values) + BESIDE for column in schema.columns)
    return Preprocessing(Inputs(schema.shape, coded), schema.kind, schema.features)


def _numbers(_: Preprocessing, rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    return normalise(rows, learnt["center"], learnt["scale"])


def _words(preprocessing: Preprocessing, rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    return with_unknown(rows, [learnt[f"known.{name}"] for name in preprocessing.coded])


APPLIED: "dict[Kind, Callable[[Preprocessing, Tensor, dict[str, Tensor]], Tensor]]" = {
    "image": _numbers,
    "table": _numbers,
    "text": _words,
}


def normalise(rows: "Tensor", center: "Tensor", scale: "Tensor") -> "Tensor":
    """Apply stacked statistics `[P, *shape]` to stacked rows `[P, B, *shape]`."""
    return (rows - center.unsqueeze(1)) / scale.unsqueeze(1)
