"""What training tells while it runs: plain values to a sink, which may be a display, a journal, or a list in a test.

Training knows nothing of who listens; a sink must not slow it down.
"""

from collections.abc import Callable
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
class MemberStopped:
    """A member is done; its best epoch's weights are kept."""

    member: Member
    epoch: int
    best_epoch: int
    reason: Literal["patience", "last epoch", "diverged"]


@dataclass(frozen=True)
class FitContinued:
    """A fit that ended early goes on; its events so far are told again right after this."""

    members: tuple[Member, ...]
    epochs: int  # already done


Event = FitStarted | FitContinued | EpochEnded | MemberStopped
Sink = Callable[[Event], None]
