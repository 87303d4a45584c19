"""Columns, channels and images that hardly vary."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foldproof.data.describing import describe
from tests.checks.subjects import draws, found, subject, table
from tests.data.tagged import tagged
from tests.training.setting import digits


def test_columns_that_vary_pass_and_the_others_are_named() -> None:
    data = table()
    assert found("constant_features", subject(data)).status == "ok"
    features = data.features.copy()
    features[:, 1], features[:, 4] = 3.0, 0.0
    finding = found("constant_features", subject(replace(data, features=features)))
    assert finding.status == "warning"
    assert "2 of 6 columns" in finding.sentence
    assert "x1, x4" in finding.sentence
    assert finding.advice[0].key == "data.drop"


def test_all_training_rows_are_looked_at_before_a_column_is_called_constant() -> None:
    data = table()
    one = subject(data, check={"rows": 20})
    features = data.features.copy()
    features[:, 2] = 1.0
    features[next(row for row in one.training_rows if row not in one.rows), 2] = 2.0
    assert found("constant_features", replace(one, dataset=replace(data, features=features))).status == "ok"


def test_rows_of_others_do_not_make_a_column_vary() -> None:
    one = subject(table())
    features = one.dataset.features.copy()
    features[one.training_rows, 0] = 1.0
    assert found("constant_features", replace(one, dataset=replace(one.dataset, features=features))).advice


def test_the_border_of_digits_is_healthy_and_a_channel_that_is_dead_is_not() -> None:
    assert found("constant_features", subject(digits())).status == "ok"
    grey = digits().features
    coloured = np.concatenate([grey, grey, np.zeros_like(grey)], axis=1)
    finding = found("constant_features", subject(describe("three", coloured, digits().targets)))
    assert "in all of 1 channels" in finding.sentence
    assert finding.advice[0].key == "data.source"


def test_images_that_are_nearly_the_same() -> None:
    features = np.zeros((200, 8, 8), dtype=np.uint8)
    features[:, 3, 3] = draws().integers(0, 255, 200)
    finding = found("constant_features", subject(describe("blank", features, np.arange(200) % 2)))
    assert finding.status == "warning"
    assert "63 of 64 pixels" in finding.sentence


def test_words_are_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("constant_features", subject(tagged(tmp_path, monkeypatch))).status == "not applicable"
