"""Sections `data`, `split`, `preprocess` and `augment`: which rows there are, who may see them, and how."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Auto, Closed, Count, NonNegative, Seed, Share

SourceName = Literal["digits", "breast_cancer", "wine", "iris", "diabetes", "csv", "npz"]


class Data(Closed):
    """Where the rows come from."""

    source: SourceName = "digits"
    path: str | None = None
    target: str | None = None
    task: Literal["auto", "classification", "regression"] = "auto"

    @model_validator(mode="after")
    def _file_sources_need_a_path(self) -> "Data":
        if self.source in ("csv", "npz") and self.path is None:
            raise ValueError(f"source {self.source!r} needs data.path, the file to read")
        if self.path is not None and (Path(self.path).parts[:2] != ("data", "raw") or ".." in Path(self.path).parts):
            raise ValueError(
                f"data.path: found {self.path!r}, legal: a file below data/raw/, which the pipeline depends on"
            )
        if self.source == "csv" and self.target is None:
            raise ValueError("source 'csv' needs data.target, the name of the column to predict")
        return self


class Split(Closed):
    """Test set, folds and inner validation."""

    seed: Seed = 0
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    folds: Annotated[int, Field(ge=2)] = 5
    repeats: Count = 1
    inner_share: Share = 0.1
    stratify: bool | Auto = "auto"


class Preprocess(Closed):
    """What is learnt from a member's training rows and applied to every row that it meets."""

    center: Literal["none", "feature", "channel"] = "feature"
    scale: Literal["none", "feature", "channel"] = "feature"


class Augment(Closed):
    """Random changes of training rows, drawn anew each step."""

    shift: NonNegative = 0.0
    noise: NonNegative = 0.0
