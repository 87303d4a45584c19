"""What training tells while it runs: plain values to a sink, which may be a display, a journal, or a list in a test.

Training knows nothing of who listens; a sink must not slow it down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from foldproof.data.splits import Member


@dataclass(frozen=True)
class FitStarted:
    """Before the first step: who trains, for how long at most, on what."""

    members: tuple[Member, ...]
    epochs: int
    steps_per_epoch: int
    score: str  # the metric reported beside the loss, e.g. "accuracy"
    parameters: int  # of one member
    device: str
    threads: int
    populations: int
    engine: str = "in_process"


@dataclass(frozen=True)
class EpochEnded:
    """After an epoch (counted from 0): one figure a member, in the order of `members`, all alive in this epoch."""

    epoch: int
    members: tuple[Member, ...]
    training_loss: tuple[float, ...]  # mean over the epoch's steps, dropout and augmentation on
    inner_validation_loss: tuple[float, ...]
    inner_validation_score: tuple[float, ...]
    learning_rate: tuple[float, ...]  # of the epoch's last step
    running: int  # members of this population that go on into the next epoch


@dataclass(frozen=True)
class LayersWatched:
    """What was seen in one step of an epoch: figures `[P]` in the order of `members`, those that trained in it.

    NaN stands where there is none, such as the ratio of an update to weights that were all 0.
    """

    epoch: int
    step: int  # from the population's very first, 0
    members: tuple[Member, ...]
    loss: tuple[float, ...]  # on the step's rows, dropout and augmentation on, before the step
    gradient_norm: tuple[float, ...]  # over all parameters, before clipping
    learning_rate: tuple[float, ...]
    update_ratio: Mapping[str, tuple[float, ...]]  # by weights: norm of the step over the norm of what it moved
    dead: Mapping[str, tuple[float, ...]]  # by rectified layer: share of units that were 0 for all rows looked at
    saturated: Mapping[str, tuple[float, ...]]  # by bounded layer: share of outputs near an end of their range


@dataclass(frozen=True)
class MemberStopped:
    """A member is done; its best epoch's weights are kept, or its initial ones where it had none."""

    member: Member
    epoch: int
    best_epoch: int
    reason: Literal["patience", "last epoch", "diverged"]
    told: str = ""  # what was seen, and what is likely to be the cause, where it diverged


@dataclass(frozen=True)
class FitContinued:
    """A fit that ended early goes on; its events so far are told again right after this."""

    members: tuple[Member, ...]
    epochs: int  # already done


Event = FitStarted | FitContinued | EpochEnded | LayersWatched | MemberStopped
Sink = Callable[[Event], None]
