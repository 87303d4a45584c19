"""Networks: shapes by arithmetic, weights by their stated variance, no bias before a normalisation, worked examples."""

from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from foldproof import randomness
from foldproof.config.model import ActivationName, InitializerName, Model, NetworkName
from foldproof.errors import ConfigError
from foldproof.model.activations import ACTIVATIONS
from foldproof.model.build import build
from foldproof.model.dropout import Dropout
from foldproof.model.initializers import INITIALIZERS, initialize
from foldproof.model.networks import NETWORKS

KEY = randomness.key_of(0, 0, 0)
FORMULAS: dict[str, Any] = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
VARIANCES: dict[str, Any] = {"he": lambda a, _: 2 / a, "glorot": lambda a, b: 2 / (a + b), "lecun": lambda a, _: 1 / a}


def network(shape: tuple[int, ...] = (1, 8, 8), outputs: int = 10, **section: Any) -> nn.Module:
    return build(Model.model_validate(section), shape, outputs, KEY).double()


def test_the_tables_hold_what_the_params_name() -> None:
    assert set(NETWORKS) == set(get_args(NetworkName)) == {"linear", "mlp", "cnn"}
    assert set(ACTIVATIONS) == set(get_args(ActivationName)) == set(FORMULAS)
    assert set(INITIALIZERS) == set(get_args(InitializerName)) == set(VARIANCES)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_its_formula_and_its_gradient_is_right(name: ActivationName) -> None:
    inputs = torch.linspace(-4, 4, 41, dtype=torch.float64, requires_grad=True)
    module = ACTIVATIONS[name].module()
    np.testing.assert_allclose(module(inputs).detach().numpy(), FORMULAS[name](inputs.detach().numpy()), atol=1e-15)
    away_from_kinks = torch.tensor([-2.0, -0.3, 0.7, 3.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, away_from_kinks)


def test_tanh_is_two_sigmoids_less_one() -> None:
    inputs = torch.linspace(-3, 3, 13, dtype=torch.float64)
    assert torch.allclose(torch.tanh(inputs), 2 * torch.sigmoid(2 * inputs) - 1)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_weights_have_the_stated_mean_and_variance(name: InitializerName) -> None:
    layer = nn.Linear(2000, 500).double()
    initialize(layer, INITIALIZERS[name], KEY)
    weights = layer.weight.detach().numpy().ravel()  # 10^6 draws
    wanted = VARIANCES[name](2000, 500)
    assert abs(weights.mean()) < 5 * np.sqrt(wanted / 1e6)
    assert weights.var() == pytest.approx(wanted, rel=0.01)
    assert stats.kstest(weights[:50_000] / np.sqrt(wanted), "norm").pvalue > 1e-3
    assert not layer.bias.detach().any()


def test_a_convolution_counts_its_kernels_area() -> None:
    layer = nn.Conv2d(16, 32, 5).double()
    initialize(layer, INITIALIZERS["glorot"], KEY)
    assert layer.weight.detach().var().item() == pytest.approx(2 / (16 * 25 + 32 * 25), rel=0.05)


def test_layers_and_members_start_differently() -> None:
    first = network(name="mlp", mlp={"hidden": [64, 64]})
    other = build(
        Model.model_validate({"name": "mlp", "mlp": {"hidden": [64, 64]}}),
        (1, 8, 8),
        10,
        randomness.key_of(0, 0, 1),
    )
    weights = [p.detach().ravel() for p in first.parameters() if p.dim() == 2]
    assert not torch.allclose(weights[0][:1000], weights[1][:1000])
    assert not torch.allclose(next(first.parameters()), next(other.parameters()).double())


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    network(name="cnn")
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_maps_rows_to_outputs(name: str) -> None:
    assert network(name=name).eval()(torch.zeros(7, 1, 8, 8, dtype=torch.float64)).shape == (7, 10)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_bias_stands_before_a_batch_normalisation(name: str) -> None:
    layers = list(network(name=name).modules())
    for layer, following in pairwise(layers):
        if isinstance(following, nn.BatchNorm1d | nn.BatchNorm2d):
            assert layer.bias is None


@pytest.mark.parametrize("batch_norm", [True, False])
def test_parameters_of_the_cnn_by_arithmetic(batch_norm: bool) -> None:
    found = network(cnn={"channels": [32, 64], "hidden": 128, "batch_norm": batch_norm})
    extra = 2 if batch_norm else 1  # scale and shift, or a bias
    wanted = 32 * 9 + 32 * extra + 64 * 32 * 9 + 64 * extra + 64 * 2 * 2 * 128 + 128 * extra + 128 * 10 + 10
    assert sum(p.numel() for p in found.parameters()) == wanted


def test_a_5x5x3_filter_on_a_32x32x3_image_gives_28x28x1() -> None:
    assert nn.Conv2d(3, 1, 5)(torch.zeros(1, 3, 32, 32)).shape == (1, 1, 28, 28)


@pytest.mark.parametrize(
    ("shape", "section", "told"),
    [
        ((1, 6, 8), {"cnn": {"channels": [4, 4]}}, "pool a map of 3x4 by 2"),
        ((13,), {"name": "cnn"}, "legal: mlp or linear for rows of shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...], section: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        network(shape, **section)


def test_hidden_0_averages_over_pixels() -> None:
    found = network(cnn={"channels": [4], "hidden": 0, "batch_norm": False}, dropout=0.0).eval()
    rows = torch.arange(192.0, dtype=torch.float64).reshape(3, 1, 8, 8)
    assert isinstance(found, nn.Sequential)
    convolution, head = found[0], found[-1]
    maps = torch.nn.functional.max_pool2d(torch.relu(convolution(rows)), 2)
    assert torch.allclose(found(rows), head(maps.mean((2, 3))))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate: float) -> None:
    layer = Dropout(rate, "here").train()
    inputs = torch.ones(400, 500, dtype=torch.float64)
    with randomness.drawing(KEY):
        outputs = layer(inputs)
    share = (outputs == 0).double().mean().item()
    assert share == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / inputs.numel()))
    assert outputs.mean().item() == pytest.approx(1, abs=0.02)
    assert sorted(outputs.unique().tolist()) == pytest.approx([0.0, 1 / (1 - rate)])


def test_dropout_does_nothing_when_evaluating() -> None:
    inputs = torch.ones(3, 4)
    assert torch.equal(Dropout(0.5, "here").eval()(inputs), inputs)


def test_places_have_their_own_masks() -> None:
    inputs = torch.ones(50, 50)
    with randomness.drawing(KEY):
        assert not torch.equal(Dropout(0.5, "a")(inputs), Dropout(0.5, "b")(inputs))
        assert torch.equal(Dropout(0.5, "a")(inputs), Dropout(0.5, "a")(inputs))
