"""Normalisations: their formula in numpy, torch's layers as oracle, no bias before one, no decay of their numbers."""

from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import nn

from foldproof import randomness
from foldproof.config.model import Group, Model
from foldproof.config.networks import NormalisationName
from foldproof.data.preprocessing import Inputs
from foldproof.errors import ConfigError
from foldproof.model.build import build
from foldproof.model.networks import NETWORKS
from foldproof.model.normalisations import NORMALISATIONS
from foldproof.model.stacked import Layout

KEY = randomness.key_of(0, 0, 0)
AXES: dict[str, Any] = {  # of rows dealt into 3 groups of 2 channels, [B, 3, 2, ...]
    "batch": lambda dims: (0, *range(3, dims)),
    "layer": lambda dims: tuple(range(1, dims)),
    "group": lambda dims: tuple(range(2, dims)),
}


def test_the_table_holds_what_the_params_name() -> None:
    assert set(NORMALISATIONS) == set(get_args(NormalisationName)) == {*AXES, "none"}


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 3, 4)])
@pytest.mark.parametrize("name", AXES)
def test_mean_and_variance_are_taken_over_what_is_said(name: NormalisationName, shape: tuple[int, ...]) -> None:
    [layer] = NORMALISATIONS[name](6, None if len(shape) == 2 else 12, Group(groups=3))
    rows = torch.linspace(-2, 3, int(np.prod(shape)), dtype=torch.float64).sin().reshape(shape)
    scale, shift = torch.linspace(0.5, 2, 6).double(), torch.linspace(-1, 1, 6).double()
    layer.double().load_state_dict({"weight": scale, "bias": shift}, strict=False)
    apart = rows.numpy().reshape(5, 3, 2, *shape[2:])
    axes = AXES[name](apart.ndim)
    normal = (apart - apart.mean(axes, keepdims=True)) / np.sqrt(apart.var(axes, keepdims=True) + 1e-5)
    spread = (1, 6, *(1,) * (len(shape) - 2))
    wanted = normal.reshape(shape) * scale.numpy().reshape(spread) + shift.numpy().reshape(spread)
    np.testing.assert_allclose(layer.train()(rows).detach().numpy(), wanted, rtol=1e-10, atol=1e-12)


def test_layer_normalisation_of_units_is_torchs() -> None:
    rows = torch.rand(4, 6, generator=torch.Generator().manual_seed(0))
    [layer] = NORMALISATIONS["layer"](6, None, Group())
    assert torch.allclose(layer(rows), nn.LayerNorm(6)(rows), atol=1e-6)


def test_batch_normalisation_goes_on_by_its_running_averages() -> None:
    [layer] = NORMALISATIONS["batch"](2, None, Group())
    for _ in range(200):
        layer(torch.tensor([[1.0, 10.0], [3.0, 30.0]]))
    found = layer.eval()(torch.tensor([[2.0, 40.0]])).detach().numpy()
    np.testing.assert_allclose(found, [[0, 20 / np.sqrt(200)]], atol=1e-4)  # unbiased variances 2 and 200


@pytest.mark.parametrize(
    ("units", "pixels", "groups", "told"),
    [
        (12, None, 8, "found 8, legal for a layer of 12 units: 1, 2, 3, 4, 6"),
        (12, 9, 8, "found 8, legal for a layer of 12 channels: 1, 2, 3, 4, 6, 12"),
        (12, None, 12, "found 12, legal for a layer of 12 units: 1, 2, 3, 4, 6$"),
        (12, 1, 12, "found 12, legal for a layer of 12 channels: 1, 2, 3, 4, 6$"),
    ],
)
def test_groups_that_do_not_divide_or_hold_one_number_are_refused(
    units: int, pixels: int | None, groups: int, told: str
) -> None:
    with pytest.raises(ConfigError, match=f"model.group.groups: {told}"):
        NORMALISATIONS["group"](units, pixels, Group(groups=groups))


@pytest.mark.parametrize("name", ["layer", "group"])
@pytest.mark.parametrize("pixels", [None, 1])
def test_a_single_number_cannot_be_normalised_within_its_row(name: NormalisationName, pixels: int | None) -> None:
    with pytest.raises(ConfigError, match=r"model\.normalisation: found .* one unit, .*legal: batch, none"):
        NORMALISATIONS[name](1, pixels, Group(groups=1))


def network(name: str, normalisation: str, **section: Any) -> nn.Module:
    chosen = {"name": name, "normalisation": normalisation, "mlp": {"hidden": [16, 24]}, **section}
    return build(Model.model_validate(chosen), Inputs((1, 8, 8)), 10, KEY)


@pytest.mark.parametrize("normalisation", AXES)
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "factory"])
def test_no_bias_stands_before_a_normalisation(name: str, normalisation: str) -> None:
    layers = list(network(name, normalisation).modules())
    for layer, following in pairwise(layers):
        if isinstance(following, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm):
            assert getattr(layer, "bias", None) is None


@pytest.mark.parametrize("activation", ["relu", "prelu"])
@pytest.mark.parametrize("normalisation", NORMALISATIONS)
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "factory"])
def test_decay_touches_weights_alone(name: str, normalisation: str, activation: str) -> None:
    """Neither biases, nor scales and shifts of normalisations, nor slopes of PReLU."""
    found = network(name, normalisation, activation=activation)
    wanted = [
        torch.full((parameter.numel(),), float(isinstance(layer, nn.Linear | nn.Conv2d) and own == "weight"))
        for layer in found.modules()
        for own, parameter in layer.named_parameters(recurse=False)
    ]
    assert torch.equal(Layout.of(found).weights_only(), torch.cat(wanted))
