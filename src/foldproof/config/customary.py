"""What `auto` stands for, where that depends on the kind of data: a table `key -> {kind: value}`.

The values are put in before params are validated, so that nothing after that meets an `auto` of this table. Other keys
have an `auto` of their own, which is settled where they are used.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Literal

Kind = Literal["image", "table", "text"]
AUTO = "auto"

CUSTOMARY: dict[str, dict[Kind, Any]] = {
    "model.name": {"image": "cnn", "table": "mlp", "text": "mlp"},
    "augment.shift": {"image": 0.5, "table": 0, "text": 0},
    "augment.word_dropout": {"image": 0, "table": 0, "text": 0.1},
    "train.epochs": {"image": 60, "table": 150, "text": 15},
    "train.batch_size": {"image": 32, "table": 32, "text": 256},
    "train.schedule.name": {"image": "exponential", "table": "cosine", "text": "cosine"},
    "train.early_stopping.patience": {"image": 20, "table": 150, "text": 3},
}


def with_customary(values: Mapping[str, Any], kind: Kind, *, absent: bool = False) -> dict[str, Any]:
    """Params as YAML gives them, with what is customary for the kind in place of each `auto` of the table.

    Args:
        values: sections by name.
        kind: of the data.
        absent: put in also the keys that are not there.
    """
    filled = deepcopy(dict(values))
    for key, of_kind in CUSTOMARY.items():
        *sections, name = key.split(".")
        holder: Any = filled
        for section in sections:
            holder = holder.setdefault(section, {}) if absent and isinstance(holder, dict) else _inner(holder, section)
        if isinstance(holder, dict) and (holder.get(name) == AUTO or (absent and name not in holder)):
            holder[name] = of_kind[kind]
    return filled


def _inner(holder: Any, section: str) -> Any:
    return holder.get(section) if isinstance(holder, dict) else None
