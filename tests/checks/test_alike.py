"""Distances between rows, against those of rows written out as numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import cdist

from foldproof.checks import alike
from foldproof.checks.alike import distances
from tests.checks.subjects import draws, subject, table
from tests.data.tables import table as table_file
from tests.data.tagged import tagged
from tests.training.setting import digits


def test_images_as_they_are_given() -> None:
    one = subject(digits(120))
    rows = one.inputs(one.rows).flatten(1).numpy()
    assert np.allclose(distances(one, one.rows), cdist(rows, rows) ** 2, atol=1e-6)


def test_columns_of_a_table_count_alike_whatever_their_unit() -> None:
    data = table(100)
    far = replace(data, features=data.features * np.array([1, 1000, 1, 1, 0.01, 1], dtype=np.float32))
    none = {"center": "none", "scale": "none"}
    first, second = (subject(one, preprocess=none, split={"duplicates": "separate"}) for one in (data, far))
    second = replace(second, split=first.split)
    assert torch.allclose(distances(first, first.rows), distances(second, first.rows), rtol=1e-4)


def test_wide_rows_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    one = subject(digits(120))
    monkeypatch.setattr(alike, "WIDEST", 32)
    rows = one.inputs(one.rows).flatten(1)[:, ::2].numpy()
    assert np.allclose(distances(one, one.rows), cdist(rows, rows) ** 2, atol=1e-6)


def test_a_code_is_as_far_from_another_as_two_columns_of_zeros_and_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = draws()
    names = one.choice(["red", "green", "blue"], 90)
    frame = pd.DataFrame({"x": one.normal(size=90), "colour": names, "y": np.where(names == "red", "a", "b")})
    data = table_file(frame.to_csv(index=False))
    coded = subject(data, preprocess={"categories": "embed"})
    spelt = subject(data, preprocess={"categories": "one_hot"})
    rows = coded.rows
    colour = data.features[rows, data.schema.features.index("colour")]
    given = coded.inputs(rows)[:, 0].numpy()
    x = (given - given.mean()) / given.std(ddof=1)
    expected = (x[:, None] - x) ** 2 + 2 * (colour[:, None] != colour)
    assert np.allclose(distances(coded, rows), expected, atol=1e-6)
    assert spelt.inputs(rows).shape == (len(rows), 4)


def test_tokens_by_their_own_codes_and_a_little_by_those_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = subject(tagged(tmp_path, monkeypatch))
    rows = one.rows[:40]
    given, found = one.inputs(rows).numpy(), distances(one, rows)
    for first, second in [(0, 1), (3, 17), (20, 39)]:
        differ = (given[first] != given[second]).sum(axis=1)
        middle = len(differ) // 2
        assert found[first, second] == pytest.approx(0.9 * differ[middle] + 0.1 * differ.sum())
