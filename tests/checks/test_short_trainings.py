"""A few rows are learnt by heart where nothing is wrong; the range test sees which rates get anywhere."""

from typing import Any

import numpy as np
import pytest
import torch

from foldproof.checks.figures import Line, plot_of
from foldproof.checks.finding import Finding, from_dict, to_dict
from foldproof.checks.rate_range import late_losses, losses_at, range_of, suggestion
from foldproof.checks.tiny_rows import tiny_rows
from foldproof.data.describing import describe
from foldproof.model.networks import NETWORKS
from foldproof.training.optimizers import OPTIMIZERS
from tests.checks.subjects import found, subject
from tests.data.augmented import dataset_of_text
from tests.training.setting import diabetes, digits, digits_twice

DIGITS, DIABETES = digits(200), diabetes(200)
MLP: dict[str, Any] = {"name": "mlp", "mlp": {"hidden": [24]}}


def looked_at(check: str, dataset: Any = DIGITS, model: dict[str, Any] | None = None, **sections: Any) -> Finding:
    return found(check, subject(dataset, model={**MLP, **(model or {})}, **sections))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_a_few_rows(name: str) -> None:
    blocks = {"factory": "tests.model.own_network:plain", "residual": {"channels": [4, 6], "blocks": 1}}
    model = {"name": name, "cnn": {"channels": [6], "hidden": 12}} | ({name: blocks[name]} if name in blocks else {})
    finding = looked_at("tiny_rows", model=model)
    assert finding.status == "ok", finding.sentence
    assert "on 20 rows" in finding.sentence


def test_numbers_text_and_straight_lines_are_learnt() -> None:
    assert looked_at("tiny_rows", DIABETES).status == "ok"
    assert looked_at("tiny_rows", DIABETES, {"name": "linear"}).status == "ok"
    assert looked_at("tiny_rows", dataset_of_text(120), train={"batch_size": 16}).status == "ok"


def test_what_regularises_does_not_stand_in_the_way() -> None:
    heavy = {"penalty": {"l2": 1.0}, "label_smoothing": 0.3, "max_norm": 0.1}
    assert looked_at("tiny_rows", model={"dropout": 0.9}, train=heavy, augment={"noise": 50.0}).status == "ok"


@pytest.mark.parametrize(
    "model",
    [
        {"mlp": {"hidden": [16] * 12}, "activation": "sigmoid", "normalisation": "none"},
        {"initializer": "zeros", "normalisation": "none"},
        {"mlp": {"hidden": [1]}},
        {"name": "factory", "factory": "tests.checks.wrong_networks:ends_in_softmax"},
        {"name": "factory", "factory": "tests.checks.wrong_networks:dead"},
    ],
)
def test_networks_that_cannot_are_told(model: dict[str, Any]) -> None:
    finding = looked_at("tiny_rows", model=model)
    assert finding.status == "error", finding.sentence
    assert finding.advice


def test_the_few_rows_are_of_all_classes_and_differ() -> None:
    features = np.repeat(np.random.default_rng(0).normal(size=(60, 2)), 4, axis=0)
    rows = tiny_rows(subject(describe("copies", features, np.arange(240) // 4 % 3), split={"folds": 2}), 12)
    assert len(np.unique(features[rows], axis=0)) == 12
    all_classes = tiny_rows(subject(DIGITS, model=MLP), 20)
    assert np.bincount(DIGITS.targets[all_classes]).tolist() == [2] * 10


def test_a_rate_has_the_course_that_it_would_have_alone() -> None:
    one = subject(DIGITS, model={**MLP, "dropout": 0.5}, train={"optimizer": {"name": "momentum"}})
    rates = torch.tensor([0.001, 0.01, 0.1], dtype=torch.float64)
    together = losses_at(one, rates, 8)
    assert together.shape == (8, 3)
    for place in range(3):
        alone = losses_at(one, rates[place : place + 1], 8)
        torch.testing.assert_close(together[:, place : place + 1], alone, rtol=1e-4, atol=1e-5)
    assert together[0].unique().numel() == 1  # before the first step there is no difference


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_has_a_range_or_says_that_it_has_none(name: str) -> None:
    row = OPTIMIZERS[name]  # type: ignore[index]
    dataset = dataset_of_text(120) if row.layer else DIGITS
    size = "full" if any(limit.key == "batch_size" for limit in row.limits) else 16
    optimizer = {"name": name, "learning_rate": "auto"}
    finding = looked_at(
        "rate_range",
        dataset,
        train={"batch_size": size, "optimizer": optimizer, "epochs": 400, "schedule": {"name": "constant"}},
    )
    assert finding.status == ("not applicable" if row.alone else "ok"), finding.sentence


@pytest.mark.parametrize(("factor", "told"), [(1000, "too high"), (0.001, "too low")])
@pytest.mark.parametrize("dataset", [DIGITS, DIABETES], ids=["digits", "diabetes"])
def test_rates_that_are_a_thousand_times_off_are_told(factor: float, told: str, dataset: Any) -> None:
    optimizer = {"name": "adam", "learning_rate": 0.003 * factor}
    finding = looked_at("rate_range", dataset, train={"optimizer": optimizer})
    assert finding.status == "warning"
    assert told in finding.sentence
    assert finding.advice[0].key == "train.optimizer.learning_rate"


def test_the_suggestion_is_the_middle_of_those_that_come_nearly_as_far() -> None:
    rates = range_of(0.1, 6)
    assert rates.tolist() == pytest.approx([1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0])
    progress = torch.tensor([0.1, 0.5, 0.97, 1.0, 0.96, -torch.inf], dtype=torch.float64)
    assert suggestion(rates, progress) == pytest.approx(0.1)
    course = torch.tensor([[2.0, 2.0], [1.0, torch.nan], [0.5, 0.1], [0.5, 0.1]])
    assert late_losses(course).tolist() == [0.5, torch.inf]


def test_a_target_that_does_not_count_need_not_be_learnt() -> None:
    both = digits_twice(140)
    weights = {"digit": 0, "ink": 1}
    assert looked_at("tiny_rows", both, train={"target_weights": weights}).status == "ok"


def test_where_no_rate_gets_anywhere_there_is_no_suggestion_and_the_finding_can_be_read() -> None:
    finding = looked_at("rate_range", model={"initializer": "zeros", "normalisation": "none"})
    assert finding.status == "warning"
    (read,) = from_dict(to_dict([finding]))
    plot = plot_of(read.figures)
    assert isinstance(plot, Line)
    assert plot.marks == {"configured": 0.001}


def test_a_long_training_does_not_make_a_sound_rate_too_low() -> None:
    optimizer = {"name": "momentum", "learning_rate": 0.001}
    for epochs in (600, 60_000):
        finding = looked_at(
            "rate_range", train={"optimizer": optimizer, "epochs": epochs, "schedule": {"name": "constant"}}
        )
        assert finding.status == "ok", finding.sentence
