"""What a target is does not depend on where it comes from: arrays and files of the same values tell the same."""

from pathlib import Path

import numpy as np
import pytest

from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.schema import Target, Task
from foldproof.data.target_typing import side_by_side, task_of
from foldproof.errors import DataError
from tests.data.tables import table

Cells = list[str] | list[float] | list[int]

COLUMNS: dict[str, Cells] = {
    "texts": ["b", "a", "b", "a"],
    "few whole numbers": [3, 1, 3, 1],
    "21 whole numbers": list(range(21)) * 2,
    "20 whole numbers": list(range(20)) * 2,
    "a tenth differ": list(range(30)) * 10,
    "more than a tenth differ": list(range(31)) * 9,
    "fractions": [0.5, 1.0, 2.0, 1.0],
    "one class": ["a", "a", "a"],
    "one number": [7, 7, 7],
    "one fraction, whose sum is rounded": [0.1] * 10,
    "lookalikes": ["Cat", "cat", "dog"],
    "lost in float32": [1e9 + 0.25 * one for one in range(8)],
    "infinite": [1.0, float("inf"), 2.0],
}


def of_arrays(cells: Cells, task: str) -> Dataset:
    return describe("mine", np.arange(len(cells))[:, None], np.array(cells), task, target="y")  # type: ignore[arg-type]


def of_file(cells: Cells, task: str) -> Dataset:
    return table(
        "x,y\n" + "".join(f"{place},{cell!r}\n".replace("'", "") for place, cell in enumerate(cells)), task=task
    )


def said(load: object, cells: Cells, task: str) -> tuple[object, ...]:
    """Target and values, or the problems, without the file's name and where in it they are."""
    try:
        found = load(cells, task)  # type: ignore[operator]
    except DataError as error:
        return tuple(line.partition(": ")[2].partition(" in 1 ")[0] for line in error.problems)
    return found.schema.targets[0], found.targets.dtype, found.targets.tolist()


@pytest.mark.parametrize("task", ["auto", "classification", "regression"])
@pytest.mark.parametrize("name", COLUMNS)
def test_arrays_and_files_tell_the_same(name: str, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = COLUMNS[name]
    if isinstance(cells[0], str) and task == "regression":
        return  # a file names the cells that are no numbers, an array has but one type
    assert said(of_arrays, cells, task) == said(of_file, cells, task)


def test_whole_numbers_are_classes_up_to_twenty_or_a_tenth_of_the_rows() -> None:
    found = {name: of_arrays(COLUMNS[name], "auto").schema.task for name in list(COLUMNS)[1:6]}
    assert list(found.values()) == ["classification", "regression", "classification", "classification", "regression"]
    assert task_of(10, 10, numeric=False, fractional=False) == "classification"


@pytest.mark.parametrize("task", ["auto", "regression"])
def test_a_number_that_never_varies_is_called_that(task: str) -> None:
    with pytest.raises(DataError, match=r"^mine: target 'y' is 0.1 in every row; nothing can be learnt$"):
        of_arrays([0.1] * 10, task)


def test_numbers_that_came_as_float32_are_taken_as_they_are() -> None:
    values = np.float32(1e9) + np.arange(8, dtype=np.float32) * 64
    assert describe("mine", np.arange(8)[:, None], values, "regression").targets.tolist() == values.tolist()
    with pytest.raises(DataError, match="float32 cannot hold"):
        describe("mine", np.arange(8)[:, None], 10**9 + np.arange(8), "regression")


def test_targets_stand_side_by_side_as_float32_and_alone_as_they_are() -> None:
    classes, numbers = np.array([[0, 9], [1, 9], [2, 9]])[:, 0], np.array([0.5, 1.5, 2.5])
    sort, amount = Target("sort", "classification", ("a", "b", "c")), Target("amount", "regression")
    assert side_by_side([classes, numbers], [sort, amount]).dtype == np.float32
    assert side_by_side([classes, numbers], [sort, amount]).tolist() == [[0, 0.5], [1, 1.5], [2, 2.5]]
    assert side_by_side([classes], [sort]).dtype == np.int64
    assert side_by_side([classes], [sort]).flags.c_contiguous
    assert side_by_side([numbers], [amount]).dtype == np.float32
