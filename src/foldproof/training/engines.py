"""Engines run the populations of a plan; what a member becomes depends on neither.

An engine is given an assignment that can be sent elsewhere, and runs it for every population: here, in worker
processes, or on other machines. Each population keeps its own trail, so that one that dies is simply run again.
"""

from collections.abc import Sequence
from typing import Protocol

from foldproof.training.assignment import Assignment
from foldproof.training.events import Sink
from foldproof.training.kept import Kept
from foldproof.training.plan import EngineName
from foldproof.training.workers import in_workers


class Engine(Protocol):
    """Runs an assignment for every population of its plan and returns what each left behind, in the plan's order."""

    def __call__(self, assignment: Assignment, sinks: Sequence[Sink]) -> list[Kept]:
        """Run the plan, telling the sinks, all from this thread or one that stands in for it."""
        ...


def in_process(assignment: Assignment, sinks: Sequence[Sink]) -> list[Kept]:
    """One population after another, in this process."""
    return [assignment.run(number, sinks) for number in range(len(assignment.plan.populations))]


ENGINES: dict[EngineName, Engine] = {"in_process": in_process, "workers": in_workers}
