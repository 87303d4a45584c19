"""What is legal but seldom wanted: a table of warnings, each saying at which key, why, and what to do instead.

A row is a function of the sections of a training and the task; it returns None where all is well.
"""

from collections.abc import Callable
from typing import Literal

from foldproof.config.model import Model
from foldproof.config.train import Train

Task = Literal["classification", "regression"]
Warn = Callable[[Model, Train, Task], str | None]


def squared_error_of_classes(model: Model, train: Train, task: Task) -> str | None:  # noqa: ARG001
    """Its slope vanishes where a network is confidently wrong, unlike that of cross-entropy."""
    if train.loss.name != "mse" or task != "classification":
        return None
    return (
        "train.loss.name: mse is slow to learn classes, since the square of an error below 1 is smaller than the error "
        "(and that of one above 1 larger, so outliers sway it); cross_entropy is made for classes"
    )


WARNINGS: tuple[Warn, ...] = (squared_error_of_classes,)


def warnings_of(model: Model, train: Train, task: Task) -> tuple[str, ...]:
    """All that these sections deserve to be warned of, in the table's order."""
    return tuple(told for told in (warning(model, train, task) for warning in WARNINGS) if told)


def warning_lines(model: Model, train: Train, task: Task) -> list[str]:
    """The warnings as they are printed, one a line."""
    return [f"warning: {told}" for told in warnings_of(model, train, task)]
