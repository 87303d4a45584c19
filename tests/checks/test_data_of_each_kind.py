"""Checks of rows, labels and sizes on healthy data of each kind."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldproof.checks.finding import Finding, from_dict, to_dict
from foldproof.checks.subject import Subject
from foldproof.data.dataset import Dataset
from tests.checks.subjects import draws, found, subject, table
from tests.data.tables import table as table_file
from tests.data.tagged import tagged
from tests.training.setting import diabetes, digits, digits_twice

OF_DATA = (
    "finite_rows",
    "constant_features",
    "normalisation",
    "batches",
    "class_sizes",
    "same_classes",
    "relation",
    "leaking_feature",
    "likeness",
    "capacity",
)


def mixed(rows: int = 400) -> Dataset:
    """Numbers, some missing, categories with few and with many values, dates and booleans."""
    one = draws()
    size, colour = one.normal(size=rows), one.choice(["red", "green", "blue"], rows)
    frame = pd.DataFrame(
        {
            "size": np.where(np.arange(rows) % 9 == 0, np.nan, size),
            "colour": colour,
            "town": [f"town {place}" for place in one.integers(0, 30, rows)],
            "day": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
            "new": one.random(rows) < 0.5,
            "y": np.where(size + (colour == "red") + 0.3 * one.normal(size=rows) > 0.3, "yes", "no"),
        }
    )
    return table_file(frame.to_csv(index=False))


HEALTHY: dict[str, Callable[[], Dataset]] = {
    "numbers": table,
    "mixed": mixed,
    "regression": diabetes,
    "images": digits,
    "two targets": digits_twice,
}


def looked(one: Subject) -> dict[str, Finding]:
    """What the checks of data find, by name."""
    return {name: found(name, one) for name in OF_DATA}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_in_healthy_data(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    findings = tuple(looked(subject(HEALTHY[name]())).values())
    assert {one.check: one.sentence for one in findings if one.advice} == {}
    assert from_dict(json.loads(json.dumps(to_dict(findings), allow_nan=False))) == findings


def test_nothing_is_found_in_healthy_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = looked(subject(tagged(tmp_path, monkeypatch, count=240)))
    assert {name: one.sentence for name, one in findings.items() if one.advice} == {}


def test_no_check_looks_at_rows_that_score_or_test() -> None:
    one = subject(table())
    allowed = one.split.training_part(0)
    features, targets = np.full_like(one.dataset.features, np.nan), np.full_like(one.dataset.targets, -1)
    features[allowed], targets[allowed] = one.dataset.features[allowed], one.dataset.targets[allowed]
    blind = replace(one, dataset=replace(one.dataset, features=features, targets=targets))
    assert looked(blind) == looked(one)
