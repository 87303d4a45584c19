"""Every activation, layer and loss has the gradient of its loss; a wrong backward is found, and its tensor named."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from foldproof.checks import gradient
from foldproof.checks.finding import Finding
from foldproof.checks.member import descent_of
from foldproof.data.augmentation import AUGMENTATIONS
from foldproof.data.describing import describe
from foldproof.model.activations import ACTIVATIONS
from foldproof.model.dropout import DROPOUTS
from foldproof.model.networks import NETWORKS
from foldproof.model.normalisations import NORMALISATIONS
from foldproof.training.losses import LOSSES, LossRow
from tests.checks.subjects import found, subject, table
from tests.data.augmented import dataset_of_text
from tests.training.setting import diabetes, digits, digits_twice

SMALL: dict[str, Any] = {"mlp": {"hidden": [12, 10]}, "cnn": {"channels": [4, 6], "hidden": 8}}
DIGITS, DIABETES = digits(150), diabetes(120)


def looked_at(dataset: Any = DIGITS, model: dict[str, Any] | None = None, **sections: Any) -> Finding:
    return found("gradient", subject(dataset, model={"name": "mlp", **SMALL, **(model or {})}, **sections))


def fine(finding: Finding) -> bool:
    errors = finding.figures["values"]
    return finding.status == "ok" and 0 < max(errors) < 1e-5


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_every_activation(name: str, network: str) -> None:
    assert fine(looked_at(model={"name": network, "activation": name}))


@pytest.mark.parametrize("name", NORMALISATIONS)
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_every_normalisation(name: str, network: str) -> None:
    assert fine(looked_at(model={"name": network, "normalisation": name, "group": {"groups": 2}}))


@pytest.mark.parametrize("kind", DROPOUTS)
def test_every_dropout_under_a_mask_that_stays(kind: str) -> None:
    network = "cnn" if DROPOUTS[kind].of_maps else "mlp"  # type: ignore[index]
    assert fine(looked_at(model={"name": network, "dropout": 0.4, "dropout_kind": kind}))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name: str) -> None:
    blocks = {"factory": "tests.model.own_network:plain", "residual": {"channels": [4, 6], "blocks": 1}}
    model = {"name": name, **{key: value for key, value in blocks.items() if key == name}}
    assert fine(looked_at(model=model))


@pytest.mark.parametrize(("loss", "task"), [(loss, task) for loss, rows in LOSSES.items() for task in rows])
def test_every_loss(loss: str, task: str) -> None:
    smooth = LOSSES[loss][task].smooths_labels  # type: ignore[index]
    train = {"loss": {"name": loss}, "label_smoothing": 0.1 if smooth else 0.0}
    assert fine(looked_at(DIGITS if task == "classification" else DIABETES, train=train))


def test_penalties_class_weights_and_whatever_augments() -> None:
    train = {"penalty": {"l1": 0.01, "l2": 0.1}, "class_weights": "balanced"}
    own = {"crop": 1, "cutout": 2, "colour": 0}  # pixels; colour is of images with three channels
    on = {name: own.get(name, 0.2) for name, row in AUGMENTATIONS.items() if "image" in row.kinds}
    assert fine(looked_at(model={"name": "cnn"}, train=train, augment=on))


def test_embeddings_and_several_targets() -> None:
    assert fine(looked_at(dataset_of_text(120), train={"batch_size": 16}))
    assert fine(looked_at(digits_twice(140)))


def test_a_wrong_backward_of_a_layer_is_found_and_only_what_lies_before_it_is_named() -> None:
    finding = looked_at(model={"name": "factory", "factory": "tests.checks.wrong_networks:wrong_slope"})
    assert finding.status == "error"
    wrong = {
        name for name, error in zip(finding.figures["labels"], finding.figures["values"], strict=True) if error > 1e-4
    }
    assert wrong == {"1.weight", "1.bias"}
    assert "1.weight" in finding.sentence
    assert "3.weight" not in finding.sentence
    assert finding.advice[0].key == "model.factory"


class TooLarge(torch.autograd.Function):
    """Nothing, whose backward is a thousandth too large."""

    @staticmethod
    def forward(ctx: Any, losses: Tensor) -> Tensor:  # noqa: ARG004
        return losses.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ARG004
        return 1.001 * gradient


def test_a_gradient_of_a_loss_that_is_a_thousandth_too_large_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = LOSSES["cross_entropy"]["classification"]

    def of_rows(outputs: Tensor, targets: Tensor, settings: dict[str, Tensor]) -> Tensor:
        losses: Tensor = TooLarge.apply(right.of_rows(outputs, targets, settings))  # type: ignore[no-untyped-call]
        return losses

    monkeypatch.setitem(LOSSES["cross_entropy"], "classification", LossRow(of_rows, "softmax"))
    finding = looked_at()
    assert finding.status == "error"
    assert finding.advice[0].key == "train.loss.name"
    assert all(error == pytest.approx(1e-3, rel=0.02) for error in finding.figures["values"])


def test_what_lies_at_a_kink_is_not_counted() -> None:
    """All weights 0: every rectified unit is at its kink, where any slope from 0 to 1 is right."""
    plain = {"mlp": {"hidden": [12]}, "initializer": "zeros", "normalisation": "none", "dropout": 0.0}
    one = subject(DIGITS, model={"name": "mlp", **plain})
    population = one.population
    biased, layout = population.matrix.clone(), population.network.layout
    layout.unfold(biased)[layout.names[-2]].copy_(torch.linspace(-1, 1, 120).view(1, 10, 12))
    descent = descent_of(one, population.trained(biased, population.buffers), one.objective, dtype=torch.float64)
    compared = gradient.compare(descent, torch.from_numpy(one.rows[:16]), 8, 1e-4)
    assert sum(each.kinks for each in compared.values()) > 0
    assert max(each.error for each in compared.values()) < 1e-5


def test_the_oracle_is_autograd_in_plain_torch() -> None:
    """The differences themselves, of a linear network with softmax and cross-entropy: `(p - onehot) x`."""
    one = subject(DIGITS, model={"name": "linear"}, augment={"shift": 0})
    descent = descent_of(one, one.population, one.objective, dtype=torch.float64)
    rows = torch.from_numpy(one.rows[:16])
    loss, own = gradient._gradient(descent, rows)
    weight, bias = descent.population.network.layout.unfold(descent.matrix.detach()).values()
    inputs, targets = one.inputs(one.rows[:16]).flatten(1), torch.from_numpy(one.targets(one.rows[:16]))
    p = (inputs @ weight[0].T + bias[0]).softmax(1)
    wanted = (p - torch.eye(10, dtype=torch.float64)[targets]).T @ inputs / 16
    assert loss == pytest.approx(float(-p[torch.arange(16), targets].log().mean()))
    torch.testing.assert_close(own[:640].view(10, 64), wanted)


def test_the_rows_are_of_all_classes_even_where_they_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient that is wrong for the last class alone."""
    right = LOSSES["cross_entropy"]["classification"]

    def of_rows(outputs: Tensor, targets: Tensor, settings: dict[str, Tensor]) -> Tensor:
        losses = right.of_rows(outputs, targets, settings)
        wrong: Tensor = TooLarge.apply(losses)  # type: ignore[no-untyped-call]
        return torch.where(targets == 2, wrong, losses)

    monkeypatch.setitem(LOSSES["cross_entropy"], "classification", LossRow(of_rows, "softmax"))
    data = table(150)
    order = np.argsort(data.targets, kind="stable")
    finding = looked_at(describe("sorted", data.features[order], data.targets[order], "classification"))
    assert finding.status == "error"


def test_a_wrong_slope_does_not_hide_in_single_precision() -> None:
    finding = looked_at(model={"name": "factory", "factory": "tests.checks.wrong_networks:single_precision"})
    assert finding.status == "error"
