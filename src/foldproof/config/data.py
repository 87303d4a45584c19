"""Sections `data`, `split` and `preprocess`: which rows there are, who may see them, and how."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Auto, Closed, Count, Seed, Share

SourceName = Literal["digits", "breast_cancer", "wine", "iris", "diabetes", "csv", "tsv", "parquet", "npz"]
OwnSource = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$")]
ColumnKind = Literal["number", "boolean", "date", "category"]
Names = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]

# What a source cannot do without; one that is not listed needs nothing.
NEEDED: dict[str, tuple[str, ...]] = {
    "csv": ("path", "target"),
    "tsv": ("path", "target"),
    "parquet": ("path", "target"),
    "npz": ("path",),
}
# Keys that name columns are taken by sources whose columns have names; at all others they would do nothing.
OF_COLUMNS = ("group", "time", "weight", "id", "drop", "types")
TAKE_COLUMNS = ("csv", "tsv", "parquet")


class Data(Closed):
    """Where the rows come from."""

    source: SourceName | OwnSource = "digits"
    """sets that scikit-learn carries, kinds of file, or your own package.module:function"""
    path: str | None = None
    """csv, tsv, parquet, npz: the file, below data/raw/; nothing is downloaded"""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """of the file, compared before it is read"""
    target: str | Names | None = None
    """csv, tsv, parquet: the column to predict, or several"""
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
    task: Literal["auto", "classification", "regression"] = "auto"
    """auto takes fractions, or many different values, for regression"""

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict; empty where the source knows by itself."""
        return (self.target,) if isinstance(self.target, str) else self.target or ()

    @model_validator(mode="after")
    def _file_sources_need_a_path(self) -> "Data":
        lacking = [name for name in NEEDED.get(self.source, ()) if getattr(self, name) is None]
        if lacking:
            meaning = {"path": "the file to read", "target": "the name of the column to predict"}
            told = " and ".join(f"data.{name}, {meaning[name]}" for name in lacking)
            raise ValueError(f"source {self.source!r} needs {told}")
        if self.path is not None and (Path(self.path).parts[:2] != ("data", "raw") or ".." in Path(self.path).parts):
            raise ValueError(
                f"data.path: found {self.path!r}, legal: a file below data/raw/, which the pipeline depends on"
            )
        return self

    @model_validator(mode="after")
    def _a_column_is_one_thing(self) -> "Data":
        if self.source not in TAKE_COLUMNS:
            idle = [f"data.{name}" for name in OF_COLUMNS if getattr(self, name)]
            if idle:
                raise ValueError(f"{', '.join(idle)}: source {self.source!r} has no columns to name, legal: not set")
            if len(self.targets) > 1:
                raise ValueError(f"data.target: source {self.source!r} has one target, found {len(self.targets)} names")
        beside = [self.group, self.time, self.weight, self.id]
        for name in self.targets:
            if self.targets.count(name) > 1 or name in self.drop or name in beside:
                raise ValueError(f"data.target: {name!r} is the target, and named a second time among data's keys")
        for dropped in self.drop:
            if dropped in beside:
                raise ValueError(f"data.drop: {dropped!r} is dropped, and used as group, time, weight or id")
        return self


class Split(Closed):
    """Test set, folds and inner validation."""

    seed: Seed = 0
    """decides test set, folds and inner validation: runs with the same one compare fairly"""
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """share of rows held out of everything but `evaluate`, by a hash of the row's values"""
    folds: Annotated[int, Field(ge=2)] = 5
    """5 or 10 are usual"""
    repeats: Count = 1
    """deal the folds anew this often; 2 to 5 narrow the interval on little data"""
    inner_share: Share = 0.1
    """share of each training part on which a member stops early and picks its best epoch"""
    stratify: bool | Auto = "auto"
    """equal shares of the classes in every fold; auto: yes, for classes"""


class Preprocess(Closed):
    """What is learnt from a member's training rows and applied to every row that it meets."""

    center: Literal["none", "feature", "channel"] = "feature"
    """what is subtracted: the mean of each column or pixel, or of each channel; of a table, each column is a channel"""
    scale: Literal["none", "feature", "channel"] = "feature"
    """what is divided by: the standard deviation, likewise"""
