"""Inner validation that is unlike the training rows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foldproof.checks.likeness import differences
from foldproof.checks.subject import Subject
from foldproof.config.data import Data
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source
from foldproof.data.splits import Role
from tests.checks.subjects import draws, found, subject, table
from tests.data.tagged import tagged
from tests.training.setting import digits


def drifting(by: float) -> Dataset:
    """A column whose mean moves by so much from the first row to the last."""
    data = table(2400)
    features = data.features.copy()
    features[:, 3] += np.linspace(0, by, 2400)
    return replace(data, features=features, times=np.arange(2400.0))


def with_inner_rows_changed(one: Subject, change: Any) -> Subject:
    features = one.dataset.features.copy()
    rows = one.split.rows(0, Role.INNER_VALIDATION)
    features[rows] = change(features[rows])
    return replace(one, dataset=replace(one.dataset, features=features))


@pytest.mark.parametrize("source", ["breast_cancer", "wine", "iris", "diabetes"])
def test_healthy_splits_pass(source: Any) -> None:
    data = load_source(Data(source=source))
    for seed in range(10):
        assert not found("likeness", subject(data, split={"seed": seed})).advice


def test_healthy_images_and_tokens_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tagged(tmp_path, monkeypatch, count=120)
    for seed in range(3):
        assert found("likeness", subject(digits(), split={"seed": seed})).status == "ok"
        assert found("likeness", subject(text, split={"seed": seed})).status == "ok"


def test_drift_is_found_over_time_and_not_where_rows_are_dealt_at_random() -> None:
    finding = found("likeness", subject(drifting(30)))
    assert finding.status == "warning"
    assert "x3 differs most" in finding.sentence
    assert [advice.key for advice in finding.advice] == ["data.drop"]
    assert found("likeness", subject(drifting(30), split={"kind": "random"})).status == "ok"
    assert found("likeness", subject(drifting(0))).status == "ok"


def test_images_that_are_darker() -> None:
    one = with_inner_rows_changed(subject(digits(1797)), lambda rows: rows // 2)
    finding = found("likeness", one)
    assert finding.status == "warning"
    assert [advice.key for advice in finding.advice] == ["split.kind"]


def test_tokens_of_another_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = subject(tagged(tmp_path, monkeypatch, count=200))
    finding = found("likeness", with_inner_rows_changed(one, lambda rows: np.full_like(rows, -1)))
    assert finding.status == "warning"
    assert "unknown tokens" in finding.sentence


def test_groups_count_and_not_their_rows() -> None:
    """Twelve groups that each have a place of their own differ from one another, which is no surprise."""
    data = table(600)
    groups = np.arange(600) // 50
    features = data.features + 1.5 * draws(5).normal(size=(12, 6)).astype(np.float32)[groups]
    grouped = replace(data, features=features, groups=groups)
    for seed in range(4):
        assert not found("likeness", subject(grouped, split={"seed": seed, "inner_share": 0.4})).advice


def test_a_handful_of_rows_is_not_judged() -> None:
    assert found("likeness", subject(table(60), split={"inner_share": 0.05})).status == "not applicable"


def test_differences_are_in_standard_deviations() -> None:
    one, other = draws(1).normal(2, 3, (50, 4)), draws(2).normal(1, 3, (20, 4))
    expected = np.abs(one.mean(0) - other.mean(0)) / np.concatenate([one, other]).std(0)
    assert np.allclose(differences(torch.from_numpy(one), torch.from_numpy(other)), expected)
