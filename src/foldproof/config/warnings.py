"""What is legal but seldom wanted: a table of warnings, each saying at which key, why, and what to do instead.

A row is a function of the sections of a training and the task; it returns None where all is well.
"""

from collections.abc import Callable
from typing import Literal

from foldproof.config.model import Model
from foldproof.config.train import Train

Task = Literal["classification", "regression"]
Warn = Callable[[Model, Train, Task], str | None]
LAYERED = ("mlp", "cnn", "residual")  # the networks whose hidden layers section `model` makes


def squared_error_of_classes(model: Model, train: Train, task: Task) -> str | None:  # noqa: ARG001
    """Its slope vanishes where a network is confidently wrong, unlike that of cross-entropy."""
    if train.loss.name != "mse" or task != "classification":
        return None
    return (
        "train.loss.name: mse is slow to learn classes, since the square of an error below 1 is smaller than the error "
        "(and that of one above 1 larger, so outliers sway it); cross_entropy is made for classes"
    )


def stacked_linear_layers(model: Model, train: Train, task: Task) -> str | None:  # noqa: ARG001
    """A product of matrices is a matrix."""
    if model.activation != "linear" or model.name not in LAYERED:
        return None
    return (
        "model.activation: linear layers one after another are one linear layer, however many there are; relu is the "
        "usual choice, and model.name linear is one layer without pretence"
    )


def equal_units(model: Model, train: Train, task: Task) -> str | None:  # noqa: ARG001
    """Equal weights get equal gradients."""
    if model.initializer != "zeros" or model.name not in LAYERED:
        return None
    return (
        "model.initializer: from zeros all units of a layer stay the same, so that a layer is worth one unit; auto "
        "draws weights at random"
    )


def layers_that_stay_random(model: Model, train: Train, task: Task) -> str | None:  # noqa: ARG001
    """What is frozen before it was trained never learns anything."""
    if model.freeze in ("none", "auto") or model.start_from is not None or model.name not in LAYERED:
        return None
    return (
        "model.freeze: layers stand still with the random weights that they are drawn with; name trained ones in "
        "model.start_from, or set freeze: none"
    )


WARNINGS: tuple[Warn, ...] = (
    squared_error_of_classes,
    stacked_linear_layers,
    equal_units,
    layers_that_stay_random,
)


def warnings_of(model: Model, train: Train, task: Task) -> tuple[str, ...]:
    """All that these sections deserve to be warned of, in the table's order."""
    return tuple(told for told in (warning(model, train, task) for warning in WARNINGS) if told)


def warning_lines(model: Model, train: Train, task: Task) -> list[str]:
    """The warnings as they are printed, one a line."""
    return [f"warning: {told}" for told in warnings_of(model, train, task)]
