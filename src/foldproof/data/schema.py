"""What a row is, and what is predicted from it."""

from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, Literal

from foldproof.config.customary import Kind
from foldproof.config.data import ColumnKind as ColumnKind
from foldproof.errors import DataError

SCHEMA = 2
Task = Literal["classification", "regression"]
Colour = Literal["grey", "rgb"]
Fit = Literal["resize", "crop"]


@dataclass(frozen=True)
class Column:
    """One column of a table, or one feature of a token.

    Raw rows hold numbers: a boolean is 0 or 1, a date the days since `origin`, a category the place of its value in
    `values`; NaN is a missing value, and -1 a category that is not among the values.
    """

    name: str
    kind: ColumnKind = "number"
    values: tuple[str, ...] = ()
    missing: bool = False  # whether some row has no value
    origin: float = 0.0  # of dates: the day since 1970-01-01 that raw rows count from

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Column":
        """Read what `Schema.to_dict` made of it."""
        origin = values.get("origin", 0.0)
        return cls(values["name"], values["kind"], tuple(values["values"]), values["missing"], origin)


@dataclass(frozen=True)
class Target:
    """What is predicted: a class, one of `classes`, named in order of class index, or a number."""

    name: str
    task: Task
    classes: tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        """Units of the last layer: one a class, or one for a regression."""
        return len(self.classes) or 1

    @property
    def columns(self) -> tuple[str, ...]:
        """How tables of predictions call these outputs: p0, p1, ..., the probability of each class, or prediction."""
        return tuple(f"p{place}" for place in range(len(self.classes))) or ("prediction",)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Target":
        """Read what `dataclasses.asdict` made of it."""
        return cls(values["name"], values["task"], tuple(values["classes"]))


@dataclass(frozen=True)
class Decoding:
    """How a file of an image becomes a row: uint8 `[1, H, W]` in grey, or `[3, H, W]` in colour, 255 is white.

    `fit` says how an image of another size is brought to this one; None refuses it.
    """

    colour: Colour
    size: tuple[int, int]  # height and width
    fit: Fit | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return ({"grey": 1, "rgb": 3}[self.colour], *self.size)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Decoding":
        """Read what `dataclasses.asdict` made of it."""
        height, width = values["size"]
        return cls(values["colour"], (height, width), values["fit"])


@dataclass(frozen=True)
class Schema:
    """Rows of a kind and shape: `(C, H, W)` for an image, `(F,)` for a table, `(window, F)` for a token of text."""

    name: str
    kind: Kind
    shape: tuple[int, ...]
    columns: tuple[Column, ...]  # F of a table or of text; empty for images
    targets: tuple[Target, ...]  # at least one
    rows: int = 0
    fingerprint: str = ""  # SHA-256 of all other fields and of the arrays
    decoding: Decoding | None = None  # of images whose rows can be had from image files
    id: str = ""  # the column that names the rows; empty where none does
    layout: tuple[str, ...] = ()  # of text: what the columns of a file are called, one of them `token`

    @property
    def task(self) -> Task:
        """That of the first target."""
        return self.targets[0].task

    @property
    def target(self) -> str:
        """The name of the first target."""
        return self.targets[0].name

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the first target; empty for regression."""
        return self.targets[0].classes

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def outputs(self) -> int:
        """Units of the last layer, of all targets side by side."""
        return sum(target.outputs for target in self.targets)

    def view(self, place: int) -> "Schema":
        """The same rows with the target at `place` alone."""
        return replace(self, targets=(self.targets[place],))

    def apart(self, predictions: Any) -> tuple[Any, ...]:
        """What is predicted of each target, `[..., C]` or `[...]`, of an array or tensor of all of them, `[..., K]`.

        With one target the predictions are its own as they are.
        """
        if len(self.targets) == 1:
            return (predictions,)
        ends = accumulate((target.outputs for target in self.targets), initial=0)
        parts = (predictions[..., start:end] for start, end in pairwise(ends))
        return tuple(part if target.classes else part[..., 0] for target, part in zip(self.targets, parts, strict=True))

    def served(self, place: int) -> tuple[str, ...]:
        """The columns of what users are given: `prediction`, and of classes `p_<class>`, the probability of each.

        Of several targets `prediction_<target>` and `p_<target>_<class>`.
        """
        target = self.targets[place]
        of_target = "" if len(self.targets) == 1 else f"{target.name}_"
        return (self.column(place, "prediction"), *(f"p_{of_target}{name}" for name in target.classes))

    def column(self, place: int, name: str) -> str:
        """What tables call a column about the target at `place`: `<name>_<target>` where there are several."""
        return name if len(self.targets) == 1 else f"{name}_{self.targets[place].name}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the version of this format."""
        found = asdict(self)
        # What came later is left out where it says nothing, so that the fingerprint of older data stays what it was.
        if not self.layout:
            del found["layout"]
        for column in found["columns"]:
            if not column["origin"]:
                del column["origin"]
        return {"schema": SCHEMA, **found}

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str = "schema.json") -> "Schema":
        """Read what `to_dict` wrote; refuses another version of the format."""
        if values.get("schema") != SCHEMA:
            found = values.get("schema")
            raise DataError(
                f"{where}: schema: found {found!r}, this foldproof reads {SCHEMA}; run `dvc repro` to write it anew"
            )
        return cls(
            values["name"],
            values["kind"],
            tuple(values["shape"]),
            tuple(map(Column.from_dict, values["columns"])),
            tuple(map(Target.from_dict, values["targets"])),
            values["rows"],
            values["fingerprint"],
            Decoding.from_dict(decoding) if (decoding := values.get("decoding")) else None,
            values["id"],
            tuple(values.get("layout", ())),
        )
