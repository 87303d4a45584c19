"""The model as it would be without a technique: kept beside the exported one, for `evaluate` to say what that added.

`without.json` lists the techniques in the order in which they were laid on one another, each with a folder of its name.
So the gain of one is from its model to the next one's, of the last to the exported model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldproof.model.exported import ExportedModel
from foldproof.reproducibility import read_json, write_json

LISTED = "without.json"


@dataclass(frozen=True)
class Without:
    """A technique's name, what it is called, what it costs, and the model without it and those after it."""

    name: str
    label: str
    cost: str
    model: ExportedModel


def save_without(models: Sequence[Without], folder: str | Path) -> None:
    """Write the list, also an empty one, and the models."""
    for one in models:
        one.model.save(Path(folder) / one.name)
    listed = [{"name": one.name, "label": one.label, "cost": one.cost} for one in models]
    write_json(Path(folder) / LISTED, {"without": listed})


def load_without(folder: str | Path) -> tuple[Without, ...]:
    """Read what `save_without` wrote."""
    listed = read_json(Path(folder) / LISTED)["without"]
    return tuple(Without(**one, model=ExportedModel.load(Path(folder) / one["name"])) for one in listed)
