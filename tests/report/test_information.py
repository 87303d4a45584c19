"""What the model information sheet says of splitting, for each kind of split."""

from typing import Any

import numpy as np
import pytest
from tests.data.splittable import rows
from tests.data.test_duplicates import sentences
from tests.evaluation.stand_in import digits_assessment

from foldproof.config.split import Split as Section
from foldproof.data.dataset import Dataset
from foldproof.data.splits import make_split
from foldproof.report.information import information


def sheet(data: Dataset, params: dict[str, Any] | None = None, **section: Any) -> dict[str, str]:
    audit = make_split(data, Section(**section), 0).audit
    return dict(information(digits_assessment(), data.schema, audit, params or {}))


def test_rows() -> None:
    found = sheet(rows(120))
    assert found["Unit of splitting"].startswith("A row. Rows with equal features travel together. Classes have equal")
    assert found["Groups and time"].startswith("None declared")
    assert "chosen by a hash of the row's values, so that a row never changes side" in found["Test set"]


def test_groups_are_called_by_the_name_of_their_column() -> None:
    data = rows(120, groups=np.arange(120) // 4)
    found = sheet(data, {"data.group": "patient"})
    assert found["Unit of splitting"].startswith("A group `patient`. ")
    assert found["Groups and time"] == "All rows of a group `patient` are on one side; there are 30."
    assert "chosen by a hash of the group, so that a group never changes side" in found["Test set"]
    ignored = sheet(data, kind="random")
    assert ignored["Unit of splitting"].startswith("A row.")
    assert ignored["Groups and time"] == "Rows were dealt without regard to the 30 groups (split.kind random)."


def test_sentences() -> None:
    found = sheet(sentences("ab", "cde", "fg", "hij", "k", "lmn", "opq", "r"), folds=2)
    assert found["Unit of splitting"] == "A sentence. Rows with equal features travel together."
    assert found["Groups and time"] == "All rows of a sentence are on one side; there are 8."


@pytest.mark.parametrize(("gap", "told"), [(0.0, "scored on."), (2.0, "scored on, by more than 2 (split.gap).")])
def test_time(gap: float, told: str) -> None:
    found = sheet(rows(120, times=np.arange(120.0)), gap=gap)
    assert found["Groups and time"].endswith(told)
    assert found["Test set"] == "24 of 120 rows (20 % asked for), the latest; scored once."
    assert "consecutive folds" in found["Folds"]
    assert "without regard to their times" in sheet(rows(120, times=np.arange(120.0)), kind="random")["Groups and time"]


def test_a_given_test_set() -> None:
    found = sheet(rows(120, copies=20, given_test=np.arange(120) >= 90))
    assert found["Test set"].startswith("30 of 120 rows, which came with the data; ")


def test_copies_that_were_dealt_one_by_one() -> None:
    found = sheet(rows(120, copies=30), duplicates="separate")
    assert "travel together" not in found["Unit of splitting"]
    assert "groups, dealt one by one; 0 groups carry different labels." in found["Duplicates"]
