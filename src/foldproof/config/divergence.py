"""What makes training diverge: a table of likely causes, each with what to change."""

from dataclasses import dataclass
from typing import Literal

from foldproof.config.advice import Advice

CauseName = Literal["rate_too_high", "too_large_at_first"]


@dataclass(frozen=True)
class Cause:
    """What it is, in the middle of a sentence, and what to change for it."""

    what: str
    advice: Advice


CAUSES: dict[CauseName, Cause] = {
    "rate_too_high": Cause(
        "the learning rate is too high",
        Advice(
            "train.optimizer.learning_rate",
            "Members diverged: divide it by 10; train.gradient_clip_norm or train.schedule.warmup_epochs may help too.",
        ),
    ),
    "too_large_at_first": Cause(
        "inputs or initial weights are too large",
        Advice(
            "preprocess.scale",
            "Members diverged, and no step is to blame: take feature or channel, look for extreme values in the data, "
            "and take auto for model.initializer.",
        ),
    ),
}
