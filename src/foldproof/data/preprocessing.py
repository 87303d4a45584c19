"""From raw rows to what networks are given, with what each member learnt from its own training rows.

The numbers of a row, all of an image, go through `transforms`; of a table the rest stands behind them: where numbers
were missing, categories as zeros and ones, and last the categories that are codes, to be embedded.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

from foldproof.config.customary import Kind
from foldproof.config.preprocess import REACH, Preprocess
from foldproof.data.schema import Column, Schema
from foldproof.data.text.vocabulary import BESIDE, with_unknown
from foldproof.data.transforms import TRANSFORMS
from foldproof.data.transforms.categories import MOST_ONE_HOT, Sized, coded, one_hot
from foldproof.data.transforms.scaling import normalise
from foldproof.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Columns", "Inputs", "Preprocessing", "normalise", "preprocessing_of"]

WIDEST = 8192  # values of a row whose covariance is still held: half a GiB


@dataclass(frozen=True)
class Inputs:
    """What a network is given: rows of a shape, whose last columns may be codes, to be embedded."""

    shape: tuple[int, ...]
    coded: tuple[int, ...] = ()
    """of each of the last columns, how many codes 0, 1, ... it takes"""


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are treated how."""

    numbers: tuple[int, ...]
    indicators: tuple[int, ...] = ()  # of these, those beside which stands where they are missing
    one_hot: tuple[Sized, ...] = ()
    coded: tuple[Sized, ...] = ()


@dataclass(frozen=True)
class Preprocessing:
    """What is done to raw rows `[P, B, *shape]`; what it learnt is handed in, `[P, ...]` by name."""

    inputs: Inputs
    steps: tuple[str, ...] = ("scaling",)  # names of TRANSFORMS, which the numbers go through
    columns: Columns | None = None  # None: a row is numbers alone
    words: tuple[str, ...] = ()  # names of the features of a token, where a row is codes alone

    def __call__(self, rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
        """Network inputs `[P, B, *inputs.shape]`."""
        if self.words:
            return with_unknown(rows, [learnt[f"known.{name}"] for name in self.words])
        if self.columns is None:
            return self.transformed(rows, learnt)
        import torch

        columns, parts = self.columns, list["Tensor"]()
        if columns.numbers:
            parts.append(self.transformed(_picked(rows, columns.numbers), learnt))
        if columns.indicators:
            parts.append(_picked(rows, columns.indicators).isnan() * learnt["indicator"].unsqueeze(1))
        if columns.one_hot:
            parts.append(one_hot(rows, learnt["one_hot"], columns.one_hot))
        if columns.coded:
            parts.append(coded(rows, learnt["codes"], columns.coded).to(rows.dtype))
        return torch.cat(parts, -1)

    def transformed(self, numbers: "Tensor", learnt: "dict[str, Tensor]", steps: int | None = None) -> "Tensor":
        """Numbers `[P, B, *]` after the first `steps` transforms, or all."""
        for name in self.steps[:steps]:
            numbers = TRANSFORMS[name].apply(numbers, learnt)
        return numbers

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        columns = None if self.columns is None else asdict(self.columns)
        inputs = {"shape": list(self.inputs.shape), "coded": list(self.inputs.coded)}
        return {**inputs, "steps": list(self.steps), "columns": columns, "words": list(self.words)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """Read what `to_dict` wrote."""
        found = values["columns"]
        columns = None
        if found is not None:
            one_hot, coded = (tuple((place, count) for place, count in found[name]) for name in ("one_hot", "coded"))
            columns = Columns(tuple(found["numbers"]), tuple(found["indicators"]), one_hot, coded)
        inputs = Inputs(tuple(values["shape"]), tuple(values["coded"]))
        return cls(inputs, tuple(values["steps"]), columns, tuple(values["words"]))


def preprocessing_of(section: Preprocess, schema: Schema) -> Preprocessing:
    """What section `preprocess` asks for; raises ConfigError where it does not fit the data."""
    _refuse_idle(section, schema.kind)
    if schema.kind == "text":
        coded = tuple(len(column.values) + BESIDE for column in schema.columns)
        return Preprocessing(Inputs(schema.shape, coded), (), words=schema.features)
    columns, missing = _columns(section, schema), any(_lacks_numbers(column) for column in schema.columns)
    shape = schema.shape if columns is None else (len(columns.numbers),)
    _refuse_unfit(section, shape)
    of_kind = {name: transform for name, transform in TRANSFORMS.items() if schema.kind in transform.kinds}
    asked = [name for name, transform in of_kind.items() if transform.asked(section, missing)]
    if any(TRANSFORMS[name].flattens for name in asked):
        shape = (section.pca if isinstance(section.pca, int) else prod(shape),)
    if columns is None:
        return Preprocessing(Inputs(shape), tuple(asked))
    beside = len(columns.indicators) + sum(values for _, values in columns.one_hot) + len(columns.coded)
    inputs = Inputs((shape[0] + beside,), tuple(values + 1 for _, values in columns.coded))
    return Preprocessing(inputs, tuple(asked) if columns.numbers else (), columns)


def _columns(section: Preprocess, schema: Schema) -> Columns | None:
    if schema.kind != "table":
        return None
    numbers = tuple(place for place, column in enumerate(schema.columns) if column.kind != "category")
    lacking = tuple(place for place in numbers if _lacks_numbers(schema.columns[place]))
    indicators = lacking if section.missing_indicator else ()
    if len(numbers) == len(schema.columns) and not indicators:
        return None
    sized = [(place, len(column.values)) for place, column in enumerate(schema.columns) if column.kind == "category"]
    most = MOST_ONE_HOT[section.categories]
    return Columns(
        numbers,
        indicators,
        tuple((place, values) for place, values in sized if values <= most),
        tuple((place, values) for place, values in sized if values > most),
    )


def _lacks_numbers(column: Column) -> bool:
    return column.missing and column.kind != "category"


def _refuse_idle(section: Preprocess, kind: Kind) -> None:
    """Refuse every key that would do nothing to data of this kind, and is not left as it is."""
    problems = [
        f"preprocess.{key}: found {value}, legal for {kind} data: {field.default}, its default; it acts on "
        f"{', '.join(REACH[key].kinds)} data alone"
        for key, field in Preprocess.model_fields.items()
        if REACH[key].idle(kind) and (value := getattr(section, key)) != field.default
    ]
    if problems:
        raise ConfigError(*problems)


def _refuse_unfit(section: Preprocess, shape: tuple[int, ...]) -> None:
    width, problems = prod(shape), list[str]()
    if section.whiten == "zca" and section.pca != "none":
        problems.append(f"preprocess.whiten: found zca, legal with preprocess.pca {section.pca}: none, pca")
    if isinstance(section.pca, int) and section.pca > width:
        problems.append(f"preprocess.pca: found {section.pca}, legal: at most {width}, the numbers of a row")
    if width > WIDEST:
        told = f"legal for rows of {width} numbers: none (at most {WIDEST} for a covariance that fits into memory)"
        problems += [
            f"preprocess.{key}: found {value}, {told}"
            for key, value in (("pca", section.pca), ("whiten", section.whiten))
            if value != "none"
        ]
    if problems:
        raise ConfigError(*problems)


def _picked(rows: "Tensor", columns: tuple[int, ...]) -> "Tensor":
    """Some columns of `[P, B, F]`, cut out in runs: an index would have to be moved to the device."""
    import torch

    breaks = [place for place, (one, other) in enumerate(pairwise(columns), 1) if other != one + 1]
    runs = [columns[start:end] for start, end in pairwise([0, *breaks, len(columns)])]
    parts = [rows[..., run[0] : run[-1] + 1] for run in runs]
    return torch.cat(parts, -1) if len(parts) > 1 else parts[0]
