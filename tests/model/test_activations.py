"""Activations: their formula in numpy, their gradient by finite differences, the gain that keeps signals their size."""

from math import sqrt
from typing import Any, get_args

import numpy as np
import pytest
import torch
from scipy.special import erf, expit
from torch import nn

from foldproof.config.model import ActivationName, Model
from foldproof.model.activations import ACTIVATIONS, ChosenActivation

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of SELU, from its paper
FORMULAS: dict[str, Any] = {
    "linear": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "prelu": lambda x: np.where(x > 0, x, 0.25 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(x)),
    "gelu": lambda x: x * (1 + erf(x / sqrt(2))) / 2,
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "maxout": lambda x: x.reshape(len(x), -1, 2).max(2),
}


def chosen(name: Any, **blocks: Any) -> ChosenActivation:
    section = Model.model_validate({"activation": name, **blocks})
    return ChosenActivation(ACTIVATIONS[section.activation], getattr(section, section.activation, None))


def test_the_table_holds_what_the_params_name() -> None:
    assert set(ACTIVATIONS) == set(get_args(ActivationName)) == set(FORMULAS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_its_formula_and_its_gradient_is_right(name: ActivationName) -> None:
    activation = chosen(name)
    units = 12 // activation.pieces
    module = activation.module(units).double()
    inputs = torch.linspace(-4, 4, 84, dtype=torch.float64).reshape(12, 7).T
    np.testing.assert_allclose(module(inputs).detach().numpy(), FORMULAS[name](inputs.numpy()), atol=1e-14)
    away_from_kinks = torch.tensor([[-2.0, -0.3, 0.7, 3.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(chosen(name).module(4 // activation.pieces).double(), away_from_kinks)


@pytest.mark.parametrize(
    ("name", "block", "formula"),
    [
        ("leaky_relu", {"slope": 0.2}, lambda x: np.where(x > 0, x, 0.2 * x)),
        ("elu", {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
        ("maxout", {"pieces": 3}, lambda x: x.reshape(len(x), -1, 3).max(2)),
    ],
)
def test_a_block_sets_its_activation(name: str, block: dict[str, float], formula: Any) -> None:
    inputs = torch.linspace(-2, 2, 36, dtype=torch.float64).reshape(3, 12)
    module = chosen(name, **{name: block}).module(12).double()
    np.testing.assert_allclose(module(inputs).detach().numpy(), formula(inputs.numpy()), atol=1e-15)


def test_tanh_is_two_sigmoids_less_one() -> None:
    inputs = torch.linspace(-3, 3, 13, dtype=torch.float64)
    assert torch.allclose(torch.tanh(inputs), 2 * torch.sigmoid(2 * inputs) - 1)


@pytest.mark.parametrize(("name", "slope"), [("sigmoid", lambda y: y * (1 - y)), ("tanh", lambda y: 1 - y**2)])
def test_slopes_follow_from_the_outputs(name: str, slope: Any) -> None:
    inputs = torch.linspace(-6, 6, 25, dtype=torch.float64, requires_grad=True)
    outputs = chosen(name).module(1)(inputs)
    (found,) = torch.autograd.grad(outputs.sum(), inputs)
    assert torch.allclose(found, slope(outputs.detach()))
    assert found.max().item() == pytest.approx({"sigmoid": 0.25, "tanh": 1.0}[name])


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_a_saturated_unit_passes_no_gradient(name: str) -> None:
    """Weight 100, bias 50 and input 0.01 put it at 51."""
    inputs = torch.tensor(0.01, dtype=torch.float64, requires_grad=True)
    before = 100 * inputs + 50
    assert before.item() == 51
    chosen(name).module(1)(before).backward()
    assert inputs.grad is not None
    assert abs(inputs.grad.item()) < 1e-15


def test_each_channel_has_a_slope_of_its_own() -> None:
    module = chosen("prelu").module(3)
    assert [tuple(p.shape) for p in module.parameters()] == [(3,)]
    with torch.no_grad():
        next(module.parameters()).copy_(torch.tensor([0.0, 0.5, 2.0]))
    for shape in ((1, 3), (1, 3, 1, 1)):
        assert module(-torch.ones(shape)).flatten().tolist() == [0.0, -0.5, -2.0]


def test_maxout_shares_the_gradient_of_equal_pieces() -> None:
    inputs = torch.tensor([[1.0, 1.0, 3.0, 2.0]], requires_grad=True)
    chosen("maxout").module(2)(inputs).sum().backward()
    assert inputs.grad is not None
    assert inputs.grad.tolist() == [[0.5, 0.5, 1.0, 0.0]]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_gain_keeps_the_size_of_signals(name: ActivationName) -> None:
    """Standard normal numbers, one for each piece, come out with mean square `1 / gain^2`."""
    activation = chosen(name)
    draws = torch.from_numpy(np.random.default_rng(0).normal(size=(400_000, activation.pieces)))
    with torch.no_grad():
        outputs = activation.module(1).double()(draws)
    assert activation.gain() ** 2 * float((outputs**2).mean()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("name", "block", "wanted"),
    [
        ("linear", {}, 1.0),
        ("relu", {}, nn.init.calculate_gain("relu")),
        ("leaky_relu", {"leaky_relu": {"slope": 0.3}}, nn.init.calculate_gain("leaky_relu", 0.3)),
        ("selu", {}, 1.0),  # what its constants are made for
        ("maxout", {}, 1.0),  # the larger of two normal numbers has mean square 1
    ],
)
def test_gains_that_are_known(name: str, block: dict[str, Any], wanted: float) -> None:
    assert chosen(name, **block).gain() == pytest.approx(wanted, abs=1e-5)
