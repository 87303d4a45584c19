"""When a training loss says that a member will not recover."""

from torch import Tensor


def divergence_limits(first: Tensor, factor: float, ceiling: Tensor) -> Tensor:
    """The loss `[P]` above which training has diverged: `factor` times the loss before the first step.

    A loss with a ceiling c, which may be less than that, is judged by `L / (c - L)`, which has none: solved for L, the
    limit is `k f / (1 + (k - 1) f / c)`, of a first loss f and a factor k. Squared errors of probabilities: a network
    that is sure of a class drawn by lot has twice the loss of one that spreads its probability evenly; a factor of 3
    draws the line at 1.5 times (many classes) to 2 times (two).
    """
    return factor * first / (1 + (factor - 1) * first / ceiling)
