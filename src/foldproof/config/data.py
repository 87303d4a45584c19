"""Sections `data`, `split` and `preprocess`: which rows there are, who may see them, and how."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldproof.config.closed import Auto, Closed, Count, Seed, Share

SourceName = Literal["digits", "breast_cancer", "wine", "iris", "diabetes", "csv", "npz", "idx", "image_folder"]
Side = Annotated[int, Field(ge=1, le=10_000)]

PATHS = ("path", "labels", "test_path")
OWNERS = {"labels": "idx", "test_path": "image_folder", "size": "image_folder"}  # keys that one source alone reads
NEEDED = {
    "csv": (("path", "the file to read"), ("target", "the name of the column to predict")),
    "npz": (("path", "the file to read"),),
    "idx": (("path", "the file of images or its folder"),),
    "image_folder": (("path", "the folder to read"),),
}


class Data(Closed):
    """Where the rows come from."""

    source: SourceName = "digits"
    """digits, breast_cancer, wine, iris and diabetes are carried by scikit-learn; the others are files of yours"""
    path: str | None = None
    """below data/raw/: the file; idx: the images, or a folder with images and labels; image_folder: a folder a class"""
    target: str | None = None
    """csv: the column to predict; the others must be numbers"""
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

    @model_validator(mode="after")
    def _keys_fit_the_source(self) -> "Data":
        needed = NEEDED.get(self.source, ())
        problems = [
            f"source {self.source!r} needs data.{key}, {told}" for key, told in needed if not getattr(self, key)
        ]
        problems += [
            f"data.{key}: found {found!r}, legal: a path below data/raw/, which the pipeline depends on"
            for key in PATHS
            if (found := getattr(self, key)) is not None and not _below_raw(found)
        ]
        problems += [
            f"data.{key}: only source {owner!r} has it, found source {self.source!r}"
            for key, owner in OWNERS.items()
            if getattr(self, key) is not None and self.source != owner
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _below_raw(path: str) -> bool:
    parts = Path(path).parts
    return parts[:2] == ("data", "raw") and ".." not in parts


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
