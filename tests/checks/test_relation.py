"""Shuffled and shifted targets are found; weak relations are relations."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets
from sklearn.kernel_ridge import KernelRidge

from foldproof.checks.relation import standardised, told
from foldproof.config.data import Data
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.schema import Task
from foldproof.data.sources import load_source
from tests.checks.subjects import draws, found, numbers, subject, table
from tests.data.tagged import tagged
from tests.training.setting import diabetes, digits


def shuffled(data: Dataset, seed: int = 0) -> Dataset:
    return replace(data, targets=data.targets[draws(seed).permutation(len(data.targets))])


def shifted(data: Dataset, by: int) -> Dataset:
    return replace(data, targets=np.roll(data.targets, by))


def bundled(name: Any) -> Dataset:
    return load_source(Data(source=name))


SETS = {
    "digits": lambda: digits(400),
    "breast_cancer": lambda: bundled("breast_cancer"),
    "wine": lambda: bundled("wine"),
    "iris": lambda: bundled("iris"),
    "diabetes": lambda: diabetes(442),
}


@pytest.mark.parametrize("name", SETS)
def test_real_data_has_a_relation_and_when_shuffled_none(name: str) -> None:
    data = SETS[name]()
    assert found("relation", subject(data)).status == "ok"
    finding = found("relation", subject(shuffled(data)))
    assert finding.status == "warning"
    assert [advice.key for advice in finding.advice] == ["data.target"]


@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes"])
def test_targets_off_by_one_are_found_with_the_side(name: str, by: int) -> None:
    finding = found("relation", subject(shifted(SETS[name](), by)))
    assert [advice.key for advice in finding.advice] == ["data.source", "data.time"]
    assert finding.figures["shift"] == by
    assert f"that of the row {'after' if by > 0 else 'before'}" in finding.sentence
    assert finding.figures["shifted"] > finding.figures["correlation"] + 0.1


def words_in_any_order(folder: Path) -> Dataset:
    """Sentences of words that each have one tag, whatever stands beside them."""
    tags, one = {"runs": "VERB", "sees": "VERB", "dog": "NOUN", "cat": "NOUN", "old": "ADJ", "wet": "ADJ"}, draws()
    words = one.choice(list(tags), (150, 6))
    path = folder / "data" / "raw" / "made.conll"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join("".join(f"{word} {tags[word]}\n" for word in sentence) for sentence in words))
    return load_source(Data(source="conll", path="data/raw/made.conll", columns=("token", "pos"), target="pos"))


def test_tags_off_by_one_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = words_in_any_order(tmp_path)
    assert found("relation", subject(data)).status == "ok"
    assert found("relation", subject(shifted(data, 1))).figures["shift"] == 1


def test_tags_that_go_with_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tagged(tmp_path, monkeypatch)
    assert found("relation", subject(data)).status == "ok"
    assert found("relation", subject(shuffled(data))).status == "warning"


def test_rows_in_time_may_tell_of_the_row_before() -> None:
    features, targets = numbers(600, 4, 0.1, 0)
    data = shifted(describe("steps", features, targets, "regression"), -1)
    assert "shift" in found("relation", subject(data)).figures
    timed = replace(data, times=np.arange(600.0))
    assert "shift" not in found("relation", subject(timed)).figures


@pytest.mark.parametrize(
    "make",
    [
        lambda: datasets.make_classification(400, 20, random_state=0),
        lambda: datasets.make_regression(500, 20, n_informative=2, noise=60, random_state=0),
        lambda: datasets.make_friedman1(300, noise=2, random_state=0),
        lambda: datasets.make_moons(300, noise=0.4, random_state=0),
        lambda: datasets.make_classification(1500, 10, weights=[0.97], random_state=0),
    ],
)
def test_noisy_relations_pass(make: Any) -> None:
    features, targets = make()
    task: Task = "classification" if targets.dtype.kind == "i" else "regression"
    assert found("relation", subject(describe("made", features, targets, task))).status == "ok"


def test_a_handful_of_rows_is_not_judged() -> None:
    assert found("relation", subject(table(60))).status == "not applicable"


def test_the_correlation_is_that_of_kernel_ridge_regression_on_the_other_half() -> None:
    features, targets = numbers(80, 3, 0.3, 1)
    rows, z = torch.from_numpy(features), standardised(torch.from_numpy(targets)[:, None])
    apart = torch.cdist(rows, rows) ** 2
    gamma = 1 / (2 * float(apart[~torch.eye(80, dtype=torch.bool)].median()))
    answers = np.zeros(80)
    for asked in (0, 1):
        fitted = np.arange(1 - asked, 80, 2)
        mean = z[fitted, 0].mean().item()
        ridge = KernelRidge(alpha=1.0, kernel="rbf", gamma=gamma).fit(features[fitted], z[fitted, 0].numpy() - mean)
        found_here = ridge.predict(features[asked::2])
        answers[asked::2] = (found_here - found_here.mean()) / found_here.std()
    result = told(apart, z)
    assert result is not None
    assert np.allclose(result.products, z[:, 0].numpy() * answers, atol=1e-6)
    assert result.chance == pytest.approx(np.sqrt(2 / 80))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 5))
def test_by_chance_the_correlation_stays_within_its_error(seed: int, classes: int) -> None:
    one = draws(seed)
    rows, labels = torch.from_numpy(one.normal(size=(120, 4))), one.integers(0, classes, 120)
    z = standardised(torch.from_numpy(np.eye(classes)[labels]))
    result = told(torch.cdist(rows, rows) ** 2, z)
    assert result is not None
    assert abs(result.correlation) < 5 * result.chance
    assert result.chance <= np.sqrt(2 / 120) + 1e-12
