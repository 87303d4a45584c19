"""What the network is given, column by column: the numbers, and what each is called."""

from typing import TYPE_CHECKING

from foldproof.checks.subject import Subject
from foldproof.data.preprocessing import Columns
from foldproof.data.splits import Rows
from foldproof.data.transforms import TRANSFORMS

if TYPE_CHECKING:
    from torch import Tensor


def uncoded_of(subject: Subject, rows: Rows) -> "Tensor":
    """The inputs but for codes, `[n, N]`: all of an image, and nothing of text."""
    inputs, given = subject.inputs(rows), subject.statistics.preprocessing.inputs
    return inputs[..., : inputs.shape[-1] - len(given.coded)].flatten(1)


def numbers_of(subject: Subject, rows: Rows) -> "Tensor":
    """Of these the numbers, `[n, N]`: without what says that a value is missing, or which category a row has."""
    found, columns = uncoded_of(subject, rows), subject.statistics.preprocessing.columns
    if columns is None:
        return found
    return found[:, : found.shape[1] - len(columns.indicators) - sum(values for _, values in columns.one_hot)]


def names_of(subject: Subject, numbers: int) -> list[str]:
    """What the inputs but for codes are called, so many `numbers` first: by the column of a table, else by place."""
    found, schema = subject.statistics.preprocessing, subject.dataset.schema
    if schema.kind != "table":
        return [f"number {place}" for place in range(numbers)]
    columns = found.columns or Columns(tuple(range(numbers)))
    names = [schema.features[place] for place in columns.numbers]
    if any(TRANSFORMS[name].flattens for name in found.steps):
        names = [f"component {place}" for place in range(numbers)]
    names += [f"{schema.features[place]} is missing" for place in columns.indicators]
    valued = [schema.columns[place] for place, _ in columns.one_hot]
    return names + [f"{column.name} is {value}" for column in valued for value in column.values]


def chunks(rows: Rows, width: int) -> list[Rows]:
    """Rows in runs that hold at most 4 million numbers each, of rows of so many."""
    size = max(1, 2**22 // max(1, width))
    return [rows[start : start + size] for start in range(0, len(rows), size)]
