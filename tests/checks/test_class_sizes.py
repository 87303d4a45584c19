"""Rare classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foldproof.data.dataset import Dataset
from tests.checks.subjects import found, subject, table
from tests.data.tagged import tagged
from tests.training.setting import diabetes

ONE_IN_FORTY = np.where(np.arange(1200) % 40 == 0, 1, 0)


def labelled(targets: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Dataset:
    return replace(table(len(targets), classes=int(targets.max()) + 1), targets=targets)


def test_equal_classes_pass_with_their_counts() -> None:
    one = subject(table(300, classes=3))
    finding = found("class_sizes", one)
    assert finding.status == "ok"
    assert finding.figures["values"] == np.bincount(one.dataset.targets[one.training_rows]).tolist()


def test_a_class_of_a_few_rows_is_named() -> None:
    targets = np.arange(300) % 2
    targets[::40] = 2
    finding = found("class_sizes", subject(labelled(targets)))
    assert "fewer than 10: 2 (" in finding.sentence
    assert {"data.source", "split.folds"} <= {advice.key for advice in finding.advice}


def test_a_large_class_is_told_unless_classes_are_weighed() -> None:
    data = labelled(ONE_IN_FORTY)
    assert [a.key for a in found("class_sizes", subject(data)).advice] == ["train.class_weights"]
    assert found("class_sizes", subject(data, train={"class_weights": "balanced"})).status == "ok"


def test_tags_may_be_rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found("class_sizes", subject(tagged(tmp_path, monkeypatch, "ner", count=120)))
    assert not [advice for advice in finding.advice if advice.key == "train.class_weights"]


def test_numbers_have_no_classes() -> None:
    assert found("class_sizes", subject(diabetes())).status == "not applicable"


def test_the_number_of_folds_is_that_of_the_split() -> None:
    """Stage check does not read section split."""
    finding = found("class_sizes", subject(table(120), split={"folds": 7}, check={"class_sizes": {"fewest": 1000}}))
    assert any("More folds than 7" in advice.sentence for advice in finding.advice)
