"""What an optimizer asks of other keys and of the network: what it can work with, or a refusal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foldproof.config.train import Train


@dataclass(frozen=True)
class Limit:
    """A key below `train`, which of its values are allowed, how those are told, and why no others."""

    key: str
    allows: Callable[[Any], bool]
    legal: str
    reason: str


def problems_of(train: Train, limits: tuple[Limit, ...]) -> list[str]:
    """One line for each value in `train` that the limits of its optimizer do not allow."""
    return [
        f"train.{limit.key}: found {_shown(found)}, legal with {train.optimizer.name}: {limit.legal}; {limit.reason}"
        for limit in limits
        if not limit.allows(found := _at(train, limit.key))
    ]


def _at(train: Train, key: str) -> Any:
    value: Any = train
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _only(value: Any) -> Callable[[Any], bool]:
    return lambda found: bool(found == value)


_SEARCHED = "what moves the weights must be in the loss that its line search sees"

FULL_BATCH = (Limit("batch_size", _only("full"), "full", "its steps are over all rows"),)
LINE_SEARCH = (
    *FULL_BATCH,
    Limit("precision", lambda found: found != "bf16", "fp32 or fp64", "bf16 is too coarse for its line search"),
    Limit("gradient_clip_norm", _only(None), "null", _SEARCHED),
    Limit("gradient_clip_value", _only(None), "null", _SEARCHED),
    Limit("max_norm", _only(None), "null", _SEARCHED),
    Limit("optimizer.head_rate_factor", _only(1), "1", _SEARCHED),
)
