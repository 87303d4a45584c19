"""What the losses of an epoch add up to, without waiting for the device at any step."""

import torch
from torch import Tensor


class EpochLosses:
    """The sums of P members' losses over the steps of one epoch, and the first step at which one was not finite."""

    def __init__(self, members: int, steps: int, device: torch.device) -> None:
        self._steps = steps
        self._late_from = steps * 3 // 4
        self._sum = torch.zeros(members, dtype=torch.float64, device=device)
        self._late_sum = torch.zeros_like(self._sum)
        self._first_bad_step = torch.full((members,), -1, dtype=torch.int64, device=device)

    def add(self, losses: Tensor, step: int) -> Tensor:
        """Those of a step `[P]`, steps counted from the population's very first; whose is its first not finite one."""
        self._sum += losses
        if step % self._steps >= self._late_from:
            self._late_sum += losses
        new = ~losses.isfinite() & (self._first_bad_step < 0)
        self._first_bad_step.masked_fill_(new, step)
        return new

    def sums(self) -> Tensor:
        """Of the losses of all steps so far, `[P]`, on the CPU in float64."""
        return self._sum.cpu()

    def means(self) -> Tensor:
        """The epoch's mean loss `[P]`, on the CPU in float64."""
        return (self._sum / self._steps).cpu()

    def late_means(self) -> Tensor:
        """The mean over the last quarter of the epoch's steps, in which a first overshoot is forgotten, `[P]`."""
        return (self._late_sum / (self._steps - self._late_from)).cpu()

    def first_bad_steps(self) -> Tensor:
        """The first step at which a member's loss was not finite, `[P]`; -1 where none was."""
        return self._first_bad_step.cpu()
