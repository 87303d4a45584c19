"""Networks that are too large for the rows, or too narrow for the classes."""

from pathlib import Path
from typing import Any

import pytest

from foldproof.checks.capacity import hidden_widths
from foldproof.data.dataset import Dataset
from tests.checks.subjects import found, subject, table
from tests.data.tagged import tagged
from tests.training.setting import diabetes, digits


def mlp(*hidden: int, **keys: Any) -> dict[str, Any]:
    return {"name": "mlp", "normalisation": "none", "mlp": {"hidden": list(hidden)}, **keys}


def test_parameters_are_counted_as_by_hand() -> None:
    one = subject(table(300), model=mlp(10, 20))
    count = (6 + 1) * 10 + (10 + 1) * 20 + (20 + 1) * 3
    finding = found("capacity", one)
    assert finding.status == "ok"
    assert finding.figures["parameters"] == count
    assert f"{count / len(one.training_rows) / 6:.3g} for each number" in finding.sentence


@pytest.mark.parametrize("data", [digits(), diabetes(), table(150)])
def test_what_is_shipped_passes(data: Dataset) -> None:
    assert found("capacity", subject(data)).status == "ok"


def test_tags_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("capacity", subject(tagged(tmp_path, monkeypatch))).status == "ok"


@pytest.mark.parametrize(
    ("model", "key"),
    [
        (mlp(1000, 1000), "model.mlp.hidden"),
        ({"name": "cnn", "cnn": {"channels": [48, 96], "hidden": 3000}}, "model.cnn.channels"),
        ({"name": "mlp", "mlp": {"layers": [{"units": 1000}, {"units": 1000}]}}, "model.mlp.layers"),
    ],
)
def test_too_many_weights(model: dict[str, Any], key: str) -> None:
    finding = found("capacity", subject(digits(120), model=model))
    assert finding.status == "warning"
    assert [advice.key for advice in finding.advice] == [key]
    assert "smaller network" in finding.advice[0].sentence


@pytest.mark.parametrize(
    ("data", "model", "narrow"),
    [
        (digits(), mlp(3), True),
        (digits(), mlp(4), False),
        (digits(), mlp(64, 1, 64), True),
        (table(150, classes=2), mlp(1), True),
        (table(150, classes=2), mlp(2), False),
        (diabetes(), mlp(1), True),
        (diabetes(), mlp(1, activation="maxout"), True),
        (diabetes(), {"name": "linear"}, False),
        (digits(), {"name": "cnn", "cnn": {"channels": [1, 8], "hidden": 16}}, True),
    ],
)
def test_layers_too_narrow(data: Dataset, model: dict[str, Any], *, narrow: bool) -> None:
    finding = found("capacity", subject(data, model=model))
    assert bool(finding.advice) is narrow
    assert all("Wider layers" in advice.sentence for advice in finding.advice)


def test_widths_are_those_of_hidden_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hidden_widths(subject(table(), model=mlp(7, 5))) == [7, 5]
    assert hidden_widths(subject(table(), model=mlp(7, activation="maxout"))) == [7]
    assert hidden_widths(subject(tagged(tmp_path, monkeypatch), model=mlp(9))) == [9]
