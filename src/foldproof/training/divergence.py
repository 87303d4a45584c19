"""When a member will not recover, and what is said of it. Findings are by place in the tensors `[P, ...]`."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from foldproof.config.divergence import CAUSES
from foldproof.data.splits import Member
from foldproof.errors import TrainingError
from foldproof.training.fault import Fault
from foldproof.training.kept import Kept


def divergence_limits(first: Tensor, factor: float, ceiling: Tensor) -> Tensor:
    """The loss `[P]` above which training has diverged: `factor` times the loss before the first step.

    A loss with a ceiling c, which may be less than that, is judged by `L / (c - L)`, which has none: solved for L, the
    limit is `k f / (1 + (k - 1) f / c)`, of a first loss f and a factor k. Squared errors of probabilities: a network
    that is sure of a class drawn by lot has twice the loss of one that spreads its probability evenly; a factor of 3
    draws the line at 1.5 times (many classes) to 2 times (two).
    """
    return factor * first / (1 + (factor - 1) * first / ceiling)


def diverged(
    losses: Tensor, limits: Tensor, first: Tensor, bad_steps: Tensor, epoch: int, why: Mapping[int, Fault]
) -> dict[int, Fault]:
    """Whose training losses say so.

    Args:
        losses: at the end of the epoch, `[P]`.
        limits: above which they have diverged, `[P]`.
        first: before the first step, `[P]`.
        bad_steps: the first step whose loss was not finite, `[P]`; -1 where none was.
        epoch: of which they are.
        why: the likely cause of each loss that was not finite, by place.
    """
    found: dict[int, Fault] = {}
    for place in range(len(losses)):
        if bad_steps[place] >= 0:
            seen = f"the training loss is not finite from step {int(bad_steps[place])} on (epoch {epoch})"
            found[place] = why[place].seen(seen)
        elif losses[place] > limits[place]:
            seen = (
                f"the training loss at the end of epoch {epoch} is {losses[place]:.4g}, over the limit of "
                f"{limits[place]:.4g} that train.divergence_factor sets for one of {first[place]:.4g} before the first "
                "step"
            )
            found[place] = Fault.likely("rate_too_high").seen(seen)
    return found


def unusable(losses: Tensor, predictions: Sequence[Tensor], epoch: int) -> dict[int, Fault]:
    """Whose weights give no finite loss `[P]` or predictions, `[P, n, ...]` a target, of inner-validation rows."""
    finite = losses.isfinite()
    for of_target in predictions:
        finite = finite & of_target.flatten(1).isfinite().all(1)
    seen = f"the weights give no finite loss on the inner-validation rows (epoch {epoch})"
    fault = Fault.likely("rate_too_high").seen(seen)
    return {place: fault for place, usable in enumerate(finite.tolist()) if not usable}


def refuse_if_all_diverged(kept: Kept, members: Sequence[Member]) -> None:
    """Raise TrainingError, with what was seen of each member and what to change, where none trained to its end."""
    if all(reason == "diverged" for reason in kept.stopped):
        told = [f"{member.name}: {told}" for member, told in zip(members, kept.told, strict=True)]
        advice = [cause.advice for name, cause in CAUSES.items() if name in kept.cause]
        raise TrainingError(*told, *(f"{one.key}: {one.sentence}" for one in advice))
