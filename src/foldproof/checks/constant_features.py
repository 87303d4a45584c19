"""Columns with one value alone.

Single pixels may well be constant, as the border of a digit is: of images the channels are judged, and whether nearly
all pixels are.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.checks.columns import chunks
from foldproof.checks.finding import Seen
from foldproof.checks.row import Check
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice
from foldproof.config.check import ConstantFeatures
from foldproof.data.splits import Rows
from foldproof.errors import listed

Places = NDArray[np.int64]
MOST_PIXELS = 0.9  # of an image, constant: hardly anything is left to tell images apart by


def look(subject: Subject, block: ConstantFeatures) -> Seen:
    """Raw training rows: those sampled, and where a column is constant among them, all others as well."""
    schema = subject.dataset.schema
    if schema.kind == "text":
        return Seen("rows of text are codes of words", applies=False)
    width = prod(schema.shape)
    constant = _constant(subject, subject.rows, np.arange(width))
    if schema.kind == "image":
        return _of_images(subject, constant, block)
    constant = _constant(subject, subject.training_rows, constant)
    names = [schema.features[place] for place in constant]
    figures = {"columns": names[:100], "share": len(names) / width}
    told = f"{len(names)} of {width} columns have one value in all {len(subject.training_rows)} training rows"
    if len(names) <= block.share * width:
        return Seen(told, figures=figures)
    drop = Advice("data.drop", f"They tell no two rows apart: leave out {listed(names)}, unless the data is at fault.")
    return Seen(f"{told}: {listed(names)}", (drop,), figures)


def _of_images(subject: Subject, constant: Places, block: ConstantFeatures) -> Seen:
    channels, width = subject.dataset.schema.shape[0], prod(subject.dataset.schema.shape)
    if len(constant) == width or len(constant) > MOST_PIXELS * width or _dead(constant, channels, width):
        constant = _constant(subject, subject.training_rows, constant)
    dead, share = _dead(constant, channels, width), len(constant) / width
    told = f"{len(constant)} of {width} pixels are constant" + (f", in all of {dead} channels" if dead else "")
    if dead <= block.share * channels and share <= MOST_PIXELS:
        return Seen(told, figures={"share": share})
    mend = Advice("data.source", "Images that hardly differ teach nothing: look at how they are read and decoded.")
    return Seen(told, (mend,), {"share": share})


def _dead(constant: Places, channels: int, width: int) -> int:
    """Channels of which every pixel is constant."""
    found = np.bincount(constant // (width // channels), minlength=channels)
    return int((found == width // channels).sum())


def _constant(subject: Subject, rows: Rows, places: Places) -> Places:
    """Those of the places in a row, `[k]`, that hold the same in all the rows; missing numbers are left out."""
    columns = subject.dataset.schema.columns
    coded = np.array([columns[place].kind == "category" for place in places] if columns else [], dtype=bool)
    least, largest = np.full(len(places), np.inf), np.full(len(places), -np.inf)
    for part in chunks(rows, len(places)) if len(places) else []:
        values: NDArray[Any] = subject.raw(part).reshape(len(part), -1)[:, places].astype(np.float64)
        lacking = np.isnan(values)
        if columns:
            values[:, coded] = np.where(lacking[:, coded], -1, values[:, coded])  # a missing category is another value
            lacking[:, coded] = False
        least = np.minimum(least, np.where(lacking, np.inf, values).min(axis=0))
        largest = np.maximum(largest, np.where(lacking, -np.inf, values).max(axis=0))
    return places[largest <= least]


CHECK = Check(
    "Does every column tell rows apart?",
    "A column with one value alone teaches nothing, and often shows that something went wrong when the data was read.",
    look,
)
