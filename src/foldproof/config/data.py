"""Sections `data`, `split` and `preprocess`: which rows there are, who may see them, and how."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Auto, Closed, Count, Seed, Share

SourceName = Literal["digits", "breast_cancer", "wine", "iris", "diabetes", "csv", "npz", "conll"]


class Data(Closed):
    """Where the rows come from."""

    source: SourceName = "digits"
    """digits, breast_cancer, wine, iris and diabetes are carried by scikit-learn; csv, npz and conll are files"""
    path: str | None = None
    """csv, npz, conll: the file, below data/raw/; conll: or a folder of files"""
    target: str | Annotated[tuple[str, ...], Field(min_length=1, strict=False)] | None = None
    """csv: the column to predict, the others must be numbers; conll: the column of tags, or a list of several"""
    columns: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """conll: the names of all columns in their order, such as [token, pos, ner]; one is `token`"""
    window: Annotated[int, Field(ge=1)] = 5
    """conll: words that a row sees, an odd number: the token with as many before it as after it"""
    task: Literal["auto", "classification", "regression"] = "auto"
    """auto takes fractions, or many different values, for regression"""

    @model_validator(mode="after")
    def _file_sources_need_a_path(self) -> "Data":
        if self.source in ("csv", "npz", "conll") and self.path is None:
            raise ValueError(f"source {self.source!r} needs data.path, the file to read")
        if self.path is not None and (Path(self.path).parts[:2] != ("data", "raw") or ".." in Path(self.path).parts):
            raise ValueError(
                f"data.path: found {self.path!r}, legal: a file below data/raw/, which the pipeline depends on"
            )
        if self.source in ("csv", "conll") and self.target is None:
            raise ValueError(f"source {self.source!r} needs data.target, the name of the column to predict")
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

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the columns to predict."""
        return (self.target,) if isinstance(self.target, str) else self.target or ()


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
    minimum_count: Count = 1
    """text: a word or other feature met less often than this in a member's training rows is unknown to it"""
