"""One class under two names is found, and classes that are near each other are not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import make_blobs
from sklearn.neighbors import NearestNeighbors

from foldproof.checks.same_classes import own_share
from foldproof.config.data import Data
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.sources import load_source
from tests.checks.subjects import draws, found, subject, table
from tests.data.tagged import tagged
from tests.training.setting import diabetes, digits


def split_in_two(data: Dataset, label: int, seed: int = 0) -> Dataset:
    """A random half of a class becomes one of its own."""
    places = np.flatnonzero(data.targets == label)
    targets = data.targets.copy()
    targets[draws(seed).permutation(places)[: len(places) // 2]] = len(data.schema.classes)
    target = replace(data.schema.targets[0], classes=(*data.schema.classes, "twin"))
    return replace(data, targets=targets, schema=replace(data.schema, targets=(target,)))


@pytest.mark.parametrize("seed", [0, 1])
def test_threes_under_two_names(seed: int) -> None:
    finding = found("same_classes", subject(split_in_two(digits(1797), 3, seed)))
    assert finding.status == "warning"
    assert "rows of 3 and twin" in finding.advice[0].sentence
    assert [advice.key for advice in finding.advice] == ["data.target"]


@pytest.mark.parametrize("source", ["digits", "wine", "iris"])
def test_real_classes_pass(source: Any) -> None:
    assert found("same_classes", subject(load_source(Data(source=source)))).status == "ok"


def test_where_all_classes_overlap_none_is_told() -> None:
    rows, labels = make_blobs(500, centers=4, cluster_std=9, random_state=0)
    finding = found("same_classes", subject(describe("blobs", rows, labels, "classification")))
    assert finding.status == "ok"
    assert float(finding.sentence.rpartition(" ")[2]) < 0.85


def test_few_components_may_be_what_hides_a_class() -> None:
    one = subject(digits(1797), preprocess={"pca": 2}, model={"name": "mlp"})
    keys = [advice.key for advice in found("same_classes", one).advice]
    assert keys == ["data.target", "preprocess.pca"]


def test_words_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not found("same_classes", subject(tagged(tmp_path, monkeypatch, count=120))).advice


@pytest.mark.parametrize("data", [table(200, classes=2), diabetes()])
def test_takes_three_classes(data: Dataset) -> None:
    assert found("same_classes", subject(data)).status == "not applicable"


def test_the_share_is_that_of_nearest_neighbours_among_both() -> None:
    one = draws()
    rows, labels = one.normal(size=(90, 3)), np.repeat([0, 1, 2], [20, 50, 20])
    rows[labels == 1] += 0.8
    both = labels < 2
    nearest = NearestNeighbors(n_neighbors=1).fit(rows[both]).kneighbors(return_distance=False)[:, 0]
    same = labels[both][nearest] == labels[both]
    expected = (same[labels[both] == 0].mean() + same[labels[both] == 1].mean()) / 2
    apart = torch.cdist(torch.from_numpy(rows), torch.from_numpy(rows)) ** 2
    assert own_share(apart, torch.from_numpy(labels), 0, 1) == pytest.approx(expected)
