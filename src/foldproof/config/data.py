"""Sections `data`, `split` and `preprocess`: which rows there are, who may see them, and how."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Auto, Closed, Count, NonNegative, Seed, Share

ScalerName = Literal["standard", "min_max", "midrange", "robust"]
ImputerName = Literal["mean", "median", "most_frequent"]
CategoriesName = Literal["auto", "one_hot", "embed"]
TargetScalerName = Literal["standard", "min_max", "none"]
SourceName = Literal["digits", "breast_cancer", "wine", "iris", "diabetes", "csv", "npz"]


class Data(Closed):
    """Where the rows come from."""

    source: SourceName = "digits"
    """digits, breast_cancer, wine, iris and diabetes are carried by scikit-learn; csv and npz are files"""
    path: str | None = None
    """csv, npz: the file, below data/raw/"""
    target: str | None = None
    """csv: the column to predict; the others must be numbers"""
    task: Literal["auto", "classification", "regression"] = "auto"
    """auto takes fractions, or many different values, for regression"""

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
