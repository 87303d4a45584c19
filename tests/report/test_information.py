"""What the model information sheet says of splitting, for each kind of split."""

from typing import Any, get_args

import numpy as np
import pytest
from tests.data.augmented import dataset_of_text
from tests.data.splittable import rows
from tests.data.test_duplicates import sentences
from tests.data.transforms.tables import mixed
from tests.evaluation.stand_in import digits_assessment
from tests.training.setting import digits

from foldproof.config.customary import Kind
from foldproof.config.preprocess import REACH
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


def told_of_preprocessing(kind: Kind, **keys: Any) -> str:
    """With the keys as they are shipped, and others."""
    params = {f"preprocess.{key}": value for key, value in {"center": "channel", "scale": "channel", **keys}.items()}
    data = {"image": digits(120), "table": mixed(120), "text": dataset_of_text(120)}[kind]
    audit = make_split(data, Section(folds=2), 0).audit
    found = dict(information(digits_assessment(), data.schema, audit, params))["Preprocessing"]
    return found.partition(". ")[0]


def test_of_preprocessing_only_what_acts_on_the_data_is_told() -> None:
    assert told_of_preprocessing("image", pca=3) == "Center: channel; scale: channel; pca: 3"
    assert told_of_preprocessing("table", impute="median") == "Center: channel; scale: channel; impute: median"
    assert told_of_preprocessing("text") == "Minimum count: 1"
    assert told_of_preprocessing("text", minimum_count=3) == "Minimum count: 3"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_no_key_that_does_nothing_is_told(kind: Kind) -> None:
    idle = {key: "something" for key, reach in REACH.items() if kind not in reach.kinds}
    assert "something" not in told_of_preprocessing(kind, **idle)


def test_what_baselines_are_shown() -> None:
    assert "; on standardised features, fitted" in sheet(rows(120))["Baselines"]
    told = sheet(dataset_of_text(120), folds=2)["Baselines"]
    assert "; on a 0 or 1 for each value of a feature, fitted" in told


def test_copies_that_were_dealt_one_by_one() -> None:
    found = sheet(rows(120, copies=30), duplicates="separate")
    assert "travel together" not in found["Unit of splitting"]
    assert "groups, dealt one by one; 0 groups carry different labels." in found["Duplicates"]
