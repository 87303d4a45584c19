"""Section `train` as one number a member: what a population holds as tensors `[P]`, so that members may differ."""

from collections.abc import Mapping
from math import inf

from foldproof.config.train import Train
from foldproof.training.averaging import AVERAGINGS
from foldproof.training.optimizers import OPTIMIZERS

OFF = {
    "weight_decay": 0.0,
    "head_rate_factor": 1.0,
    "clip_value": inf,
    "clip_norm": inf,
    "max_norm": inf,
    "l1": 0.0,
    "l2": 0.0,
}


def settings_of(train: Train) -> dict[str, float]:
    """The numeric settings of a member by name; those that are off have their value in `OFF`."""
    optimizer, row = train.optimizer, OPTIMIZERS[train.optimizer.name]
    in_loss = row.decay == "loss"
    averaging = AVERAGINGS[train.averaging.name]
    averaged = {"average_decay": averaging.decay(getattr(train.averaging, train.averaging.name))} if averaging else {}
    return averaged | {
        "learning_rate": row.learning_rate if optimizer.learning_rate == "auto" else optimizer.learning_rate,
        "weight_decay": 0.0 if in_loss else optimizer.weight_decay,
        "head_rate_factor": optimizer.head_rate_factor,
        "clip_value": train.gradient_clip_value or inf,
        "clip_norm": train.gradient_clip_norm or inf,
        "max_norm": train.max_norm or inf,
        "l1": train.penalty.l1,
        "l2": train.penalty.l2 + (optimizer.weight_decay if in_loss else 0.0),
    }


def acting(settings: Mapping[str, float]) -> frozenset[str]:
    """Which of those that can be off are on; what is off costs nothing in a step."""
    return frozenset(name for name, value in OFF.items() if settings[name] != value)
