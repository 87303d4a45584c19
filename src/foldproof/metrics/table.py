"""The table of metrics: a row is all that a new metric needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foldproof.errors import FoldproofError, unknown_name
from foldproof.metrics import classification, draws, regression
from foldproof.metrics.entities import Sequences, are_tags, entity_f1, entity_f1_of_draws

Task = Literal["classification", "regression"]
Score = Callable[[NDArray[Any], NDArray[Any]], float]
ScoreOfDraws = Callable[[NDArray[Any], NDArray[Any], NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Metric:
    """A score under the name it has: `function(targets, predictions)`, its direction, range and unit.

    `of_draws(targets, predictions, draws)` gives the same scores for many draws of rows `[B, n]` at once, as `[B]`; a
    row of -1 stands for none. Where it is `of_sequences`, both also take a `Sequences`, which `on` gives them.
    """

    name: str
    function: Callable[..., float]
    of_draws: Callable[..., NDArray[np.float64]]
    task: Task
    higher_is_better: bool
    lowest: float
    highest: float
    label: str
    unit: str  # "" for a pure number; "target" stands for the target's own unit
    of_sequences: bool = False  # of tags, which mean something together, in order

    @property
    def best(self) -> float:
        """The score of perfect predictions."""
        return self.highest if self.higher_is_better else self.lowest

    def on(self, sequences: Sequences) -> "Metric":
        """The metric of rows of which these are the sequences."""
        if not self.of_sequences:
            return self
        return replace(
            self,
            function=partial(self.function, sequences=sequences),
            of_draws=partial(self.of_draws, sequences=sequences),
            of_sequences=False,
        )


_INFINITE = float("inf")
_ROWS = (
    Metric(
        "entity_f1",
        entity_f1,
        entity_f1_of_draws,
        "classification",
        True,
        0.0,
        1.0,
        "entity F1",
        "",
        of_sequences=True,
    ),
    Metric("accuracy", classification.accuracy, draws.accuracy, "classification", True, 0.0, 1.0, "accuracy", ""),
    Metric(
        "balanced_accuracy",
        classification.balanced_accuracy,
        draws.balanced_accuracy,
        "classification",
        True,
        0.0,
        1.0,
        "balanced accuracy",
        "",
    ),
    Metric("macro_f1", classification.macro_f1, draws.macro_f1, "classification", True, 0.0, 1.0, "macro F1", ""),
    Metric(
        "log_loss", classification.log_loss, draws.log_loss, "classification", False, 0.0, _INFINITE, "log loss", "nats"
    ),
    Metric("brier", classification.brier, draws.brier, "classification", False, 0.0, 2.0, "Brier score", ""),
    Metric("r2", regression.r2, draws.r2, "regression", True, -_INFINITE, 1.0, "R²", ""),
    Metric("rmse", regression.rmse, draws.rmse, "regression", False, 0.0, _INFINITE, "RMSE", "target"),
    Metric("mae", regression.mae, draws.mae, "regression", False, 0.0, _INFINITE, "MAE", "target"),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ROWS}


def names_for(task: str, classes: Sequence[str] = ()) -> tuple[str, ...]:
    """The metrics of a task, in the table's order; those of entities only where the classes are tags O, B-X, I-X."""
    tags = are_tags(classes)
    names = tuple(metric.name for metric in _ROWS if metric.task == task and (tags or not metric.of_sequences))
    if not names:
        raise FoldproofError(unknown_name("task", task, sorted({metric.task for metric in _ROWS})))
    return names


def primary(task: str, name: str = "auto", classes: Sequence[str] = ()) -> str:
    """The metric that decides: `name`, which must belong to the task; for `auto` entity F1, accuracy or R²."""
    names = names_for(task, classes)
    if name == "auto":
        return names[0]
    if name not in names:
        raise FoldproofError(unknown_name(f"evaluate.primary_metric (of a {task} task)", name, names))
    return name
