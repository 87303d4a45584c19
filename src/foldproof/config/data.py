"""Section `data`: where the rows come from."""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Closed
from foldproof.config.places import RAW, below
from foldproof.config.sources import OwnSource, SourceName, keys_of, takers_of

ColumnKind = Literal["number", "boolean", "date", "category"]
Side = Annotated[int, Field(ge=1, le=10_000)]
Names = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]

PATHS = ("path", "labels", "test_path")
NEEDED = {  # in words, by key
    "path": "the file or folder to read",
    "target": "the name of the column to predict",
    "columns": "the names of all columns in their order",
}


class Data(Closed):
    """Where the rows come from."""

    source: SourceName | OwnSource = "digits"
    """sets that scikit-learn carries, kinds of file, or your own package.module:function"""
    path: str | None = None
    """the file, below data/raw/; idx: the images, or their folder; image_folder: the folder; nothing is downloaded"""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """of the file, compared before it is read"""
    target: str | Names | None = None
    """csv, tsv, parquet, conll: the column to predict, or several"""
    group: str | None = None
    """column; rows of one group (a patient, a place) never stand on both sides of a split; no feature"""
    time: str | None = None
    """column of dates or numbers that order the rows; no feature"""
    weight: str | None = None
    """column of numbers > 0, how much a row counts in the loss; no feature"""
    id: str | None = None
    """column that names the rows, passed through to predictions; no feature"""
    drop: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """columns that are left out"""
    types: dict[str, ColumnKind] = Field(default={})
    """columns whose type is not to be inferred, such as {zip: category}"""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """csv, tsv: the character between cells; null: a comma, a tab"""
    decimal: Literal[".", ","] = "."
    """csv, tsv: the character before a fraction"""
    columns: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """conll: the names of all columns in their order, such as [token, pos, ner]; one is `token`"""
    window: Annotated[int, Field(ge=1)] = 5
    """conll: words that a row sees, an odd number: the token with as many before it as after it"""
    task: Literal["auto", "classification", "regression"] = "auto"
    """auto takes fractions, or many different values, for regression; image_folder and conll hold classes"""

    labels: str | None = None
    """idx: the file of labels, where it is not the one beside the images that is named after them"""
    test_path: str | None = None
    """image_folder: the folder of the given test set, where that is not test/ beside train/ in data.path"""
    colour: Literal["auto", "grey", "rgb"] = "auto"
    """image_folder: what images become; auto: rgb where any is in colour"""
    size: Annotated[tuple[Side, Side], Field(strict=False)] | None = None
    """image_folder: height and width in pixels that images are brought to; null: all have one size already"""
    fit: Literal["resize", "crop"] = "resize"
    """image_folder: how images come to data.size: resize stretches them, crop first cuts them to its proportions"""

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict; empty where the source knows by itself."""
        return (self.target,) if isinstance(self.target, str) else self.target or ()

    @model_validator(mode="after")
    def _the_source_can_use_all_of_it(self) -> "Data":
        problems = list(self._against_the_source())
        told = {line.partition(":")[0] for line in problems}
        others = chain(self._outside(), self._named_twice(), self._unlike_tagged_text())
        problems += [line for line in others if line.partition(":")[0] not in told]
        if problems:
            raise ValueError(*problems)
        return self

    def _against_the_source(self) -> Iterator[str]:
        """Keys that the source lacks, and those that would do nothing."""
        keys, fields = keys_of(self.source), type(self).model_fields
        for key in keys.needs:
            if not getattr(self, key):
                yield f"{key}: not given, legal with source {self.source!r}: {NEEDED[key]}"
        given = [key for key, field in fields.items() if key != "source" and getattr(self, key) != field.default]
        for key in keys.idle(given):
            yield (
                f"{key}: found {_shown(getattr(self, key))}, legal with source {self.source!r}: not set, since it "
                f"does nothing there; it is a key of {', '.join(takers_of(key))}"
            )
        if len(self.targets) > 1 and not keys.several_targets and not keys.idle(["target"]):
            yield f"target: found {len(self.targets)} names, legal with source {self.source!r}: one"

    def _outside(self) -> Iterator[str]:
        for key in PATHS:
            place = getattr(self, key)
            if place is not None and not below(place, RAW):
                yield f"{key}: found {place!r}, legal: below {RAW}/, which the pipeline depends on"

    def _named_twice(self) -> Iterator[str]:
        """A column is one thing."""
        beside = [self.group, self.time, self.weight, self.id]
        for name in dict.fromkeys(self.targets):
            if self.targets.count(name) > 1 or name in self.drop or name in beside:
                yield f"target: found {name!r}, legal: a column that no key of data, nor this one, names a second time"
        for name in self.drop:
            if name in beside:
                yield f"drop: found {name!r}, legal: columns that are not group, time, weight or id"

    def _unlike_tagged_text(self) -> Iterator[str]:
        if self.window % 2 == 0:
            yield f"window: found {self.window}, legal: odd numbers, such as {self.window + 1}"
        if not self.columns or keys_of(self.source).idle(["columns"]):
            return
        if "token" not in self.columns or len(set(self.columns)) < len(self.columns):
            yield (
                f"columns: found {list(self.columns)}, legal: different names, one of them token, such as "
                "[token, pos, ner]"
            )
        legal = [name for name in self.columns if name != "token"]
        if any(name not in legal for name in self.targets):
            yield f"target: found {list(self.targets)}, legal: different ones of {legal}"


def _shown(value: object) -> str:
    """As YAML would have it."""
    return repr(list(value) if isinstance(value, tuple) else value)
