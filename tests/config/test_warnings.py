"""What is legal but seldom wanted is warned of at its key, and only where it is so."""

from typing import Any

import pytest

from foldproof.config import Params, params_from
from foldproof.config.warnings import WARNINGS, Task, warning_lines, warnings_of

# For each row of the table: sections that deserve its warning, the task, and the key that it names.
DESERVED: dict[str, tuple[dict[str, Any], Task, str]] = {
    "squared_error_of_classes": ({"train": {"loss": "mse"}}, "classification", "train.loss.name"),
    "stacked_linear_layers": ({"model": {"activation": "linear"}}, "classification", "model.activation"),
    "equal_units": ({"model": {"initializer": "zeros"}}, "regression", "model.initializer"),
    "layers_that_stay_random": ({"model": {"freeze": ["1"]}}, "classification", "model.freeze"),
}


def told_of(sections: dict[str, Any], task: Task) -> tuple[str, ...]:
    params = params_from({"schema": 1, **sections})
    return warnings_of(params.model, params.train, task)


def test_every_row_of_the_table_has_its_example() -> None:
    assert {warning.__name__ for warning in WARNINGS} == set(DESERVED)


@pytest.mark.parametrize("name", DESERVED)
def test_each_is_told_where_it_is_deserved(name: str) -> None:
    sections, task, key = DESERVED[name]
    assert [told.split(":")[0] for told in told_of(sections, task)] == [key]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_defaults_deserve_none(task: Task) -> None:
    assert told_of({}, task) == ()


def test_squared_error_of_numbers_is_as_it_should_be() -> None:
    assert told_of({"train": {"loss": "mse"}}, "regression") == ()


@pytest.mark.parametrize("section", [{"activation": "linear"}, {"initializer": "zeros"}])
def test_a_network_of_one_linear_layer_is_as_it_should_be(section: dict[str, Any]) -> None:
    assert told_of({"model": {"name": "linear", **section}}, "classification") == ()


def test_each_is_a_line_of_its_own() -> None:
    train = params_from({"schema": 1, "train": {"loss": "mse"}}).train
    (line,) = warning_lines(Params().model, train, "classification")
    assert line.startswith("warning: train.loss.name: mse")
    assert "\n" not in line
