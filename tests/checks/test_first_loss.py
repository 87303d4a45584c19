"""The first loss is that of plain formulas; penalties raise it; outputs that were through softmax are told."""

from math import log
from typing import Any

import numpy as np
import pytest

from foldproof.checks.finding import Finding
from foldproof.data.describing import describe
from foldproof.training.losses import LOSSES, LossRow
from tests.checks.subjects import found, subject
from tests.training.setting import diabetes, digits

DIGITS = digits(200)
MLP: dict[str, Any] = {"name": "mlp", "mlp": {"hidden": [16]}}


def looked_at(check: str, dataset: Any = DIGITS, model: dict[str, Any] | None = None, **train: Any) -> Finding:
    return found(check, subject(dataset, model={**MLP, **(model or {})}, train=train))


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        ("cross_entropy", log(10)),
        ("binary_cross_entropy", 10 * log(2)),
        ("focal", 0.9**2 * log(10)),  # gamma 2
        ("mse", 0.9**2 + 9 * 0.1**2),
    ],
)
def test_saying_nothing_of_ten_classes(loss: str, wanted: float) -> None:
    silent = looked_at("first_loss", loss={"name": loss}).figures["of_saying_nothing"]
    assert silent in (pytest.approx(wanted, rel=1e-5), pytest.approx(wanted / 10, rel=1e-5))


def test_saying_nothing_of_numbers_has_their_variance() -> None:
    one = subject(diabetes(200), model=MLP, check={"rows": 10_000})
    assert found("first_loss", one).figures["of_saying_nothing"] == pytest.approx(1.0, rel=1e-5)


def test_small_weights_begin_there_and_large_ones_far_above() -> None:
    small = looked_at("first_loss", model={"initializer": "small_random", "initial_scale": 0.001, "dropout": 0.0})
    assert small.status == "ok"
    assert small.figures["loss"] == pytest.approx(log(10), rel=0.02)
    large = looked_at("first_loss", model={"initializer": "small_random", "initial_scale": 10.0})
    assert large.status == "warning"
    assert large.advice[0].key == "model.initializer"


def test_a_loss_below_zero_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    right = LOSSES["cross_entropy"]["classification"].of_rows
    wrong = LossRow(lambda outputs, targets, settings: -right(outputs, targets, settings), "softmax")
    monkeypatch.setitem(LOSSES["cross_entropy"], "classification", wrong)
    finding = looked_at("first_loss")
    assert finding.status == "warning"
    assert finding.advice[0].key == "train.loss.name"
    assert looked_at("penalty").status == "not applicable"
    assert looked_at("rate_range").status in ("ok", "warning")


def test_numbers_that_are_none_leave_no_share_to_a_penalty() -> None:
    targets = np.linspace(0, 1, 100)
    dataset = describe("holes", np.random.default_rng(0).normal(size=(100, 3)), targets, "regression")
    dataset.targets[::3] = np.nan
    with np.errstate(invalid="ignore"):
        assert looked_at("first_loss", dataset).status == "warning"
        assert looked_at("penalty", dataset).status == "not applicable"


@pytest.mark.parametrize(("name", "rate"), [("l1", 0.01), ("l2", 0.02)])
def test_what_a_penalty_adds_is_its_formula(name: str, rate: float) -> None:
    one = subject(DIGITS, model=MLP, train={"penalty": {name: rate}})
    weights = [
        value for key, value in one.population.network.layout.unfold(one.population.matrix).items() if value.dim() > 2
    ]
    measured = sum(float(value.abs().sum() if name == "l1" else value.square().sum() / 2) for value in weights)
    finding = found("penalty", one)
    assert finding.figures["added"] == pytest.approx(rate * measured, rel=1e-3)
    assert finding.figures["added_by_more"] > finding.figures["added"]


@pytest.mark.parametrize(
    ("train", "key"),
    [
        ({"penalty": {"l2": 5.0}}, "train.penalty.l2"),
        ({"penalty": {"l1": 1.0}}, "train.penalty.l1"),
        ({"optimizer": {"name": "sgd", "weight_decay": 5.0}}, "train.optimizer.weight_decay"),
        ({"optimizer": {"name": "adamw", "learning_rate": 0.01, "weight_decay": 50.0}}, "train.optimizer.weight_decay"),
    ],
)
def test_a_penalty_that_outweighs_the_rows_is_told(train: dict[str, Any], key: str) -> None:
    finding = looked_at("penalty", **train)
    assert finding.status == "warning"
    assert finding.advice[0].key == key


@pytest.mark.parametrize(
    ("train", "key"),
    [
        ({"penalty": {"l1": 1.0}, "optimizer": {"name": "sgd", "weight_decay": 1e-5}}, "train.penalty.l1"),
        ({"penalty": {"l1": 1e-6, "l2": 10.0}}, "train.penalty.l2"),
        ({"penalty": {"l2": 0.01}, "optimizer": {"name": "sgd", "weight_decay": 9.0}}, "train.optimizer.weight_decay"),
    ],
)
def test_of_several_penalties_the_heaviest_is_named(train: dict[str, Any], key: str) -> None:
    assert looked_at("penalty", **train).advice[0].key == key


def test_the_usual_decay_is_fine() -> None:
    for name in ("adam", "adamw", "sgd"):
        assert looked_at("penalty", optimizer={"name": name, "weight_decay": 0.01}).status == "ok"


def test_softmax_twice_is_told_and_once_is_not() -> None:
    twice = looked_at("outputs", model={"name": "factory", "factory": "tests.checks.wrong_networks:ends_in_softmax"})
    assert twice.status == "error"
    assert twice.advice[0].key == "model.factory"
    assert looked_at("outputs").status == "ok"
    assert looked_at("outputs", model={"initializer": "zeros"}).status == "ok"
    assert looked_at("outputs", diabetes(120)).status == "ok"


def test_numbers_behind_a_rectifier_are_told() -> None:
    cut = looked_at("outputs", diabetes(120), {"name": "factory", "factory": "tests.checks.wrong_networks:cut_off"})
    assert cut.status == "error"
    assert "rectifier" in cut.sentence
