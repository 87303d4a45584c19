"""Sources of data, and which keys of section `data` each needs and takes: a table `name -> keys`.

A key that a source does not take would do nothing, so it is refused wherever it is not at its default.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

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


@dataclass(frozen=True)
class SourceKeys:
    """Keys that a source cannot do without, those that it takes beside, and whether its targets may be several."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    several_targets: bool = False

    def idle(self, given: Collection[str]) -> list[str]:
        """Those of the keys that are given which do nothing here."""
        return [key for key in given if key not in (*self.needs, *self.takes)]


_OF_COLUMNS = ("group", "time", "weight", "id", "drop", "types")
_OF_TABLES = ("sha256", *_OF_COLUMNS, "task")
_OF_TEXT_TABLES = (*_OF_TABLES, "delimiter", "decimal")

SOURCES: dict[str, SourceKeys] = {
    "digits": SourceKeys(takes=("task",)),
    "breast_cancer": SourceKeys(takes=("task",)),
    "wine": SourceKeys(takes=("task",)),
    "iris": SourceKeys(takes=("task",)),
    "diabetes": SourceKeys(takes=("task",)),
    "csv": SourceKeys(("path", "target"), _OF_TEXT_TABLES, several_targets=True),
    "tsv": SourceKeys(("path", "target"), _OF_TEXT_TABLES, several_targets=True),
    "parquet": SourceKeys(("path", "target"), _OF_TABLES, several_targets=True),
    "npz": SourceKeys(("path",), ("sha256", "target", "task")),
    "idx": SourceKeys(("path",), ("sha256", "target", "task", "labels")),
    "image_folder": SourceKeys(("path",), ("target", "test_path", "colour", "size", "fit")),
    "conll": SourceKeys(("path", "target", "columns"), ("sha256", "window"), several_targets=True),
}
OWN = SourceKeys(takes=("path", "sha256", "target", "task"))  # the user's own package.module:function


def keys_of(source: str) -> SourceKeys:
    """What a source, one of the table or the user's own, needs and takes."""
    return SOURCES.get(source, OWN)


def takers_of(key: str) -> list[str]:
    """The sources that need or take a key."""
    return [name for name, keys in SOURCES.items() if not keys.idle([key])] + ["your own"] * (not OWN.idle([key]))
