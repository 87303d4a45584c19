"""Engines run the populations of a plan; what a member becomes depends on neither."""

from collections.abc import Callable
from typing import Literal, Protocol

from foldproof.training.best_epochs import Kept
from foldproof.training.plan import Plan

FitMembers = Callable[[tuple[int, ...]], Kept]


class Engine(Protocol):
    """Runs `fit_members` on every population of a plan and returns what each left behind, in the plan's order."""

    def __call__(self, plan: Plan, fit_members: FitMembers) -> list[Kept]:
        """Run the plan."""
        ...


def in_process(plan: Plan, fit_members: FitMembers) -> list[Kept]:
    """One population after another, in this process."""
    return [fit_members(members) for members in plan.populations]


ENGINES: dict[Literal["in_process"], Engine] = {"in_process": in_process}
