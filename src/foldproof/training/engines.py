"""Engines run the populations of a plan; what a member becomes depends on neither.

An engine is given a task that can be sent elsewhere, and runs it for every population: here, in worker processes, or on
other machines. Each population keeps its own trail, so that one that dies is simply run again.
"""

from collections.abc import Sequence
from typing import Protocol

from foldproof.training.events import Sink
from foldproof.training.kept import Kept
from foldproof.training.plan import EngineName
from foldproof.training.task import Task
from foldproof.training.workers import in_workers


class Engine(Protocol):
    """Runs a task for every population of its plan and returns what each left behind, in the plan's order."""

    def __call__(self, task: Task, sinks: Sequence[Sink]) -> list[Kept]:
        """Run the plan, telling the sinks, all from this thread or one that stands in for it."""
        ...


def in_process(task: Task, sinks: Sequence[Sink]) -> list[Kept]:
    """One population after another, in this process."""
    return [task.run(number, sinks) for number in range(len(task.plan.populations))]


ENGINES: dict[EngineName, Engine] = {"in_process": in_process, "workers": in_workers}
