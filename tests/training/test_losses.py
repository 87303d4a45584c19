"""Losses against scikit-learn, numpy and the worked examples; gradients against `p - onehot`; no broadcasting."""

from typing import get_args

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_squared_error

from foldproof.config.train import LossName
from foldproof.errors import ConfigError
from foldproof.training.losses import (
    LOSSES,
    cross_entropy,
    loss_for,
    squared_error,
    squared_error_of_probabilities,
)

GENERATOR = np.random.Generator(np.random.Philox(0))
OUTPUTS = torch.from_numpy(GENERATOR.normal(size=(2, 40, 5)))
CLASSES = torch.from_numpy(GENERATOR.integers(0, 5, size=(2, 40)))
NONE = torch.zeros(2, dtype=torch.float64)


def test_every_name_of_the_params_is_a_row_of_the_table() -> None:
    assert set(LOSSES) == set(get_args(LossName))


def test_cross_entropy_is_scikit_learns() -> None:
    found = cross_entropy(OUTPUTS, CLASSES, NONE).mean(1)
    for member in range(2):
        wanted = log_loss(CLASSES[member], OUTPUTS[member].softmax(-1), labels=range(5))
        assert found[member].item() == pytest.approx(wanted, rel=1e-12)


def test_label_smoothing_is_torchs_and_each_members_own() -> None:
    found = cross_entropy(OUTPUTS, CLASSES, torch.tensor([0.0, 0.2], dtype=torch.float64)).mean(1)
    for member, share in enumerate((0.0, 0.2)):
        wanted = torch.nn.functional.cross_entropy(OUTPUTS[member], CLASSES[member], label_smoothing=share)
        assert found[member].item() == pytest.approx(wanted.item(), rel=1e-12)


def test_squared_errors_are_numpys() -> None:
    values = torch.from_numpy(GENERATOR.normal(size=(2, 40)))
    found = squared_error(OUTPUTS[..., :1], values, NONE).mean(1)
    assert found[1].item() == pytest.approx(mean_squared_error(values[1], OUTPUTS[1, :, 0]))
    of_classes = squared_error_of_probabilities(OUTPUTS, CLASSES, NONE).mean(1)
    wanted = ((OUTPUTS[0].softmax(-1).numpy() - np.eye(5)[CLASSES[0]]) ** 2).mean()
    assert of_classes[0].item() == pytest.approx(wanted)


def test_the_gradient_of_softmax_and_cross_entropy_is_p_less_onehot() -> None:
    outputs = OUTPUTS.clone().requires_grad_()
    cross_entropy(outputs, CLASSES, NONE).sum().backward()
    assert outputs.grad is not None
    wanted = OUTPUTS.softmax(-1) - torch.nn.functional.one_hot(CLASSES, 5)
    assert torch.allclose(outputs.grad, wanted)


def test_a_fair_and_a_loaded_die() -> None:
    fair = torch.full((6,), 1 / 6, dtype=torch.float64)
    loaded = torch.tensor([0.5] + [0.1] * 5, dtype=torch.float64)
    every_face = torch.arange(6)[None]
    entropy = cross_entropy(fair.log().expand(1, 6, 6), every_face, NONE[:1]).mean().item()
    crossed = cross_entropy(loaded.log().expand(1, 6, 6), every_face, NONE[:1]).mean().item()
    assert entropy == pytest.approx(1.7918, abs=5e-5)
    assert crossed == pytest.approx(2.0343, abs=5e-5)


def test_the_first_loss_over_ten_classes_is_the_logarithm_of_ten() -> None:
    assert cross_entropy(torch.zeros(1, 8, 10), torch.arange(8)[None], torch.zeros(1)).mean().item() == pytest.approx(
        2.3026, abs=5e-5
    )


@pytest.mark.parametrize("shape", [(2, 40), (2, 39, 5), (1, 40, 5)])
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    for loss in (cross_entropy, squared_error_of_probabilities):
        with pytest.raises(ValueError, match="do not fit"):
            loss(torch.zeros(shape), CLASSES, NONE)
    with pytest.raises(ValueError, match="do not fit"):
        squared_error(torch.zeros(2, 40, 2), CLASSES.double(), NONE)


def test_a_loss_for_the_other_task_is_refused() -> None:
    with pytest.raises(ConfigError, match="legal for regression: mse or auto"):
        loss_for("cross_entropy", "regression")
