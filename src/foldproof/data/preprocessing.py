"""From raw rows to what networks are given, with what each member learnt from its own training rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foldproof.config.data import Preprocess
from foldproof.data.schema import Schema

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

    def __call__(self, rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
        """Network inputs `[P, B, *inputs.shape]`."""
        return normalise(rows, learnt["center"], learnt["scale"])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"shape": list(self.inputs.shape), "coded": list(self.inputs.coded)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """Read what `to_dict` wrote."""
        return cls(Inputs(tuple(values["shape"]), tuple(values["coded"])))


def preprocessing_of(section: Preprocess, schema: Schema) -> Preprocessing:  # noqa: ARG001
    """What section `preprocess` asks for; raises ConfigError where it does not fit the data."""
    return Preprocessing(Inputs(schema.shape))


def normalise(rows: "Tensor", center: "Tensor", scale: "Tensor") -> "Tensor":
    """Apply stacked statistics `[P, *shape]` to stacked rows `[P, B, *shape]`."""
    return (rows - center.unsqueeze(1)) / scale.unsqueeze(1)
