"""Sections `data`, `split` and `preprocess`: which rows there are, who may see them, and how."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Auto, Closed, Count, NonNegative, Seed, Share

ScalerName = Literal["standard", "min_max", "midrange", "robust"]
ImputerName = Literal["mean", "median", "most_frequent"]
CategoriesName = Literal["auto", "one_hot", "embed"]
TargetScalerName = Literal["standard", "min_max", "none"]
SourceName = Literal[
    "digits",
    "breast_cancer",
    "wine",
    "iris",
    "diabetes",
    "csv",
    "tsv",
    "parquet",
    "npz",
    "idx",
    "image_folder",
    "conll",
]
OwnSource = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$")]
ColumnKind = Literal["number", "boolean", "date", "category"]
Side = Annotated[int, Field(ge=1, le=10_000)]
Names = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]

# What a source cannot do without; one that is not listed needs nothing.
NEEDED: dict[str, tuple[str, ...]] = {
    "csv": ("path", "target"),
    "tsv": ("path", "target"),
    "parquet": ("path", "target"),
    "npz": ("path",),
    "idx": ("path",),
    "image_folder": ("path",),
    "conll": ("path", "target", "columns"),
}
PATHS = ("path", "labels", "test_path")
# Keys that name columns are taken by sources whose columns have names; at all others they would do nothing.
OF_COLUMNS = ("group", "time", "weight", "id", "drop", "types")
TAKE_COLUMNS = ("csv", "tsv", "parquet")
SEVERAL_TARGETS = ("conll",)  # beside those
# Likewise keys that one source alone takes.
TAKEN_BY = {"labels": "idx", "test_path": "image_folder", "size": "image_folder"}


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
    """auto takes fractions, or many different values, for regression"""

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
    def _file_sources_need_a_path(self) -> "Data":
        lacking = [name for name in NEEDED.get(self.source, ()) if getattr(self, name) is None]
        if lacking:
            meaning = {"path": "the file or folder to read", "target": "the name of the column to predict"}
            told = " and ".join(f"data.{name}, {meaning[name]}" for name in lacking)
            raise ValueError(f"source {self.source!r} needs {told}")
        places = [(key, place) for key in PATHS if (place := getattr(self, key)) is not None]
        outside = [f"{key}: found {place!r}" for key, place in places if not _below_raw(place)]
        if outside:
            raise ValueError(f"data.{', data.'.join(outside)}, legal: below data/raw/, which the pipeline depends on")
        idle = [f"data.{key}" for key, source in TAKEN_BY.items() if getattr(self, key) and self.source != source]
        if idle:
            raise ValueError(f"{', '.join(idle)}: source {self.source!r} takes no such key, legal: not set")
        return self

    @model_validator(mode="after")
    def _a_column_is_one_thing(self) -> "Data":
        if self.source not in TAKE_COLUMNS:
            idle = [f"data.{name}" for name in OF_COLUMNS if getattr(self, name)]
            if idle:
                raise ValueError(f"{', '.join(idle)}: source {self.source!r} has no columns to name, legal: not set")
            if len(self.targets) > 1 and self.source not in SEVERAL_TARGETS:
                raise ValueError(f"data.target: source {self.source!r} has one target, found {len(self.targets)} names")
        beside = [self.group, self.time, self.weight, self.id]
        for name in self.targets:
            if self.targets.count(name) > 1 or name in self.drop or name in beside:
                raise ValueError(f"data.target: {name!r} is the target, and named a second time among data's keys")
        for dropped in self.drop:
            if dropped in beside:
                raise ValueError(f"data.drop: {dropped!r} is dropped, and used as group, time, weight or id")
        return self

    @model_validator(mode="after")
    def _tagged_text_names_its_columns(self) -> "Data":
        if self.window % 2 == 0:
            raise ValueError(f"data.window: found {self.window}, legal: odd numbers, such as {self.window + 1}")
        if self.source != "conll":
            return self
        if "token" not in self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError(
                f"data.columns: found {list(self.columns)}, legal: different names, one of them token, such as "
                "[token, pos, ner]"
            )
        legal = [name for name in self.columns if name != "token"]
        wrong = [name for name in self.targets if name not in legal]
        if wrong or len(set(self.targets)) < len(self.targets):
            raise ValueError(f"data.target: found {list(self.targets)}, legal: different ones of {legal}")
        return self


def _below_raw(path: str) -> bool:
    parts = Path(path).parts
    return parts[:2] == ("data", "raw") and ".." not in parts


class Split(Closed):
    """Test set, folds and inner validation."""

    seed: Seed = 0
    """decides test set, folds and inner validation: runs with the same one compare fairly"""
    kind: Literal["auto", "random", "group", "time"] = "auto"
    """what is dealt: rows, whole groups, or rows by time; auto: time, else group, where the data has it, else random"""
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """share held out of everything but `evaluate`: by a hash of the row's values or of its group, or the latest"""
    folds: Annotated[int, Field(ge=2)] = 5
    """5 or 10 are usual"""
    repeats: Count = 1
    """deal the folds anew this often; 2 to 5 narrow the interval on little data"""
    inner_share: Share = 0.1
    """share of each training part on which a member stops early and picks its best epoch"""
    stratify: bool | Auto = "auto"
    """equal shares of the classes in every fold; auto: yes, for classes, but not by time or of text"""
    gap: NonNegative = 0.0
    """time: how much earlier than what is scored all must be that is learnt from, in units of the times; dates: days"""
    duplicates: Literal["together", "separate"] = "together"
    """whether equal rows stay on one side (by time an earlier one may be known); separate leaks what is scored"""


class Preprocess(Closed):
    """What is learnt from a member's training rows and applied to every row that it meets."""

    center: Literal["none", "feature", "channel"] = "feature"
    """what is subtracted: the mean of each column or pixel, or of each channel; of a table, each column is a channel"""
    scale: Literal["none", "feature", "channel"] = "feature"
    """what is divided by: the standard deviation, likewise"""
    scaler: ScalerName = "standard"
    """by mean and deviation; min_max: to [0, 1]; midrange: to [-1, 1]; robust: by median and interquartile range"""
    power: Literal["none", "log", "yeo_johnson"] = "none"
    """before that, what shortens long tails: log is sign(x) log(1 + |x|); yeo_johnson a power fitted to each column"""
    impute: ImputerName = "mean"
    """tables: what stands in for a missing number, of its column; a missing category is an unknown one"""
    missing_indicator: bool = False
    """tables: for each number column that has missing values, one more that says where"""
    pca: Literal["none"] | Count | Annotated[float, Field(gt=0, le=1)] = "none"
    """principal components to keep: how many, or which share of the variance; the others of a share are 0"""
    whiten: Literal["none", "pca", "zca"] = "none"
    """make the covariance the identity: of the components (pca), or turned back to the form of the rows (zca)"""
    whiten_epsilon: NonNegative = 1e-5
    """added to each variance that whitening divides by; raise it where noise is blown up"""
    categories: CategoriesName = "auto"
    """tables: a 0 or 1 for each value, or a code, to be embedded; auto: codes for columns of more than 16 values"""
    target: TargetScalerName = "standard"
    """regression: how the number to predict is centred and scaled while training; metrics are in its own units"""
    minimum_count: Count = 1
    """text: a word or other feature met less often than this in a member's training rows is unknown to it"""
