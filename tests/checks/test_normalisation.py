"""Forgotten normalisation is found, and none of the ways to normalise is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldproof.config.data import Data
from foldproof.data.sources import load_source
from tests.checks.subjects import found, subject
from tests.data.tagged import tagged
from tests.training.setting import diabetes, digits

NONE = {"center": "none", "scale": "none"}
FEATURE = {"center": "feature", "scale": "feature"}
CHANNEL = {"center": "channel", "scale": "channel"}


def test_raw_columns_are_found_with_their_figures() -> None:
    data = load_source(Data(source="breast_cancer"))
    one = subject(data, preprocess=NONE)
    finding = found("normalisation", one)
    raw = data.features[one.rows].astype(np.float64)
    assert finding.status == "warning"
    assert f"30 inputs with mean {raw.mean():.3g} and sd {raw.std():.3g}; largest: worst area" == finding.sentence
    assert {advice.key for advice in finding.advice} == {"preprocess.center", "preprocess.scale"}


def test_raw_grey_values_are_found() -> None:
    finding = found("normalisation", subject(digits(), preprocess=NONE))
    assert [advice.key for advice in finding.advice] == ["preprocess.center"]


def test_tiny_inputs_are_found() -> None:
    assert [a.key for a in found("normalisation", subject(diabetes(), preprocess=NONE)).advice] == ["preprocess.scale"]


@pytest.mark.parametrize("source", ["breast_cancer", "diabetes"])
@pytest.mark.parametrize(
    "section",
    [
        FEATURE,
        CHANNEL,
        *({**FEATURE, "scaler": scaler} for scaler in ("min_max", "midrange", "robust")),
        {**FEATURE, "power": "yeo_johnson"},
        {**FEATURE, "pca": 3},
        {**FEATURE, "whiten": "zca"},
    ],
)
def test_normalised_columns_pass(source: Any, section: dict[str, Any]) -> None:
    assert found("normalisation", subject(load_source(Data(source=source)), preprocess=section)).status == "ok"


@pytest.mark.parametrize("section", [FEATURE, CHANNEL])
def test_normalised_images_pass(section: dict[str, Any]) -> None:
    assert found("normalisation", subject(digits(), preprocess=section)).status == "ok"


def test_outliers_that_sway_another_scaler() -> None:
    from foldproof.data.describing import describe

    values = np.tile(np.linspace(-1, 1, 200)[:, None], (1, 3))
    values[::9] *= 1000
    one = subject(describe("tails", values, np.arange(200) % 2), preprocess={**FEATURE, "scaler": "robust"})
    assert [advice.key for advice in found("normalisation", one).advice] == ["preprocess.scaler"]


def test_codes_are_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("normalisation", subject(tagged(tmp_path, monkeypatch))).status == "not applicable"
