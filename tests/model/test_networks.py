"""Networks: shapes and parameters by arithmetic, the list form equal to the simple one, residual blocks by hand."""

from typing import Any, get_args

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from foldproof import randomness
from foldproof.config.model import Model, NetworkName
from foldproof.data.preprocessing import Inputs
from foldproof.errors import ConfigError
from foldproof.model.build import build
from foldproof.model.dropout import Dropout, SpatialDropout, StochasticDepth
from foldproof.model.layers import Mean2d, ResidualBlock
from foldproof.model.networks import NETWORKS

KEY = randomness.key_of(0, 0, 0)
OURS = [name for name in NETWORKS if name != "factory"]


def network(shape: tuple[int, ...] = (1, 8, 8), outputs: int = 10, **section: Any) -> Any:
    return build(Model.model_validate(section), Inputs(shape), outputs, KEY).double()


def test_the_table_holds_what_the_params_name() -> None:
    assert set(NETWORKS) == set(get_args(NetworkName))


def test_layers_and_members_start_differently() -> None:
    section: dict[str, Any] = {"name": "mlp", "mlp": {"hidden": [64, 64]}}
    first = network(**section)
    other = build(Model.model_validate(section), Inputs((1, 8, 8)), 10, randomness.key_of(0, 0, 1))
    weights = [p.detach().ravel() for p in first.parameters() if p.dim() == 2]
    assert not torch.allclose(weights[0][:1000], weights[1][:1000])
    assert not torch.allclose(next(first.parameters()), next(other.parameters()).double())


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    network(name="cnn")
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("name", OURS)
def test_every_network_maps_rows_to_outputs(name: str) -> None:
    assert network(name=name).eval()(torch.zeros(7, 1, 8, 8, dtype=torch.float64)).shape == (7, 10)


@pytest.mark.parametrize("normalisation", ["batch", "none"])
def test_parameters_of_the_cnn_by_arithmetic(normalisation: str) -> None:
    found = network(cnn={"channels": [32, 64], "hidden": 128}, normalisation=normalisation)
    extra = 2 if normalisation == "batch" else 1  # scale and shift, or a bias
    wanted = 32 * 9 + 32 * extra + 64 * 32 * 9 + 64 * extra + 64 * 2 * 2 * 128 + 128 * extra + 128 * 10 + 10
    assert sum(p.numel() for p in found.parameters()) == wanted


def test_maxout_has_so_many_times_the_weights() -> None:
    section = {"name": "mlp", "activation": "maxout", "maxout": {"pieces": 3}, "normalisation": "none"}
    found = network((5,), 2, **section, mlp={"hidden": [4]})
    assert [tuple(p.shape) for p in found.parameters()] == [(12, 5), (12,), (2, 4), (2,)]


def test_hidden_0_averages_over_pixels() -> None:
    found = network(cnn={"channels": [4], "hidden": 0}, normalisation="none", dropout=0.0).eval()
    rows = torch.arange(192.0, dtype=torch.float64).reshape(3, 1, 8, 8)
    convolution, head = found[0], found[-1]
    maps = F.max_pool2d(torch.relu(convolution(rows)), 2)
    assert torch.allclose(found(rows), head(maps.mean((2, 3))))


@pytest.mark.parametrize(
    ("simple", "listed"),
    [
        ({"cnn": {"channels": [4, 6]}}, {"cnn": {"layers": [{"channels": 4, "pool": 2}, {"channels": 6, "pool": 2}]}}),
        (
            {"cnn": {"channels": [4], "kernel": 5, "pooling": "average"}},
            {"cnn": {"pooling": "average", "layers": [{"channels": 4, "kernel": 5, "padding": 2, "pool": 2}]}},
        ),
        ({"name": "mlp", "mlp": {"hidden": [9, 8]}}, {"name": "mlp", "mlp": {"layers": [{"units": 9}, {"units": 8}]}}),
    ],
)
def test_a_list_of_layers_says_the_same_as_the_simple_form(simple: dict[str, Any], listed: dict[str, Any]) -> None:
    first, second = network(**simple), network(**listed)
    assert str(first) == str(second)
    assert all(torch.equal(*pair) for pair in zip(first.parameters(), second.parameters(), strict=True))


def test_layers_have_settings_of_their_own() -> None:
    layers = [
        {"channels": 4, "kernel": 5, "padding": 0, "normalisation": "none", "dropout": 0.1},
        {"channels": 6, "kernel": 2, "stride": 2, "padding": 0, "normalisation": "layer"},
    ]
    found = network(cnn={"layers": layers, "hidden": 0}, dropout=0.3)
    kinds = [nn.Conv2d, nn.ReLU, Dropout, nn.Conv2d, nn.GroupNorm, nn.ReLU, Mean2d, Dropout, nn.Linear]
    assert [type(layer) for layer in found] == kinds
    assert [tuple(found[place].weight.shape) for place in (0, 3)] == [(4, 1, 5, 5), (6, 4, 2, 2)]
    assert [round(float(found[place].rate), 3) for place in (2, 7)] == [0.1, 0.3]
    assert [found[place].bias is None for place in (0, 3)] == [False, True]


def test_units_of_a_layer_have_a_rate_of_their_own() -> None:
    found = network((5,), name="mlp", mlp={"layers": [{"units": 4, "dropout": 0.2}, {"units": 3}]}, dropout=0.4)
    assert [round(float(layer.rate), 3) for layer in found if isinstance(layer, Dropout)] == [0.2, 0.4]


def test_spatial_dropout_follows_convolutions_too() -> None:
    found = network(cnn={"channels": [4, 6]}, dropout_kind="spatial", dropout=0.2)
    assert [place for place, layer in enumerate(found) if isinstance(layer, SpatialDropout)] == [4, 9, 14]
    assert len({layer.place for layer in found if isinstance(layer, SpatialDropout)}) == 3


@pytest.mark.parametrize("blocks", [1, 2])
def test_residual_stages_halve_the_maps_and_change_channels_by_a_projection(blocks: int) -> None:
    found = network((3, 7, 10), name="residual", residual={"channels": [4, 4, 6], "blocks": blocks})
    inner = [layer for layer in found if isinstance(layer, ResidualBlock)]
    assert len(inner) == 3 * blocks
    projected = [place for place, layer in enumerate(inner) if isinstance(layer.shortcut, nn.Conv2d)]
    assert projected == [blocks, 2 * blocks]
    maps = found[0](torch.zeros(1, 3, 7, 10, dtype=torch.float64))
    sides = []
    for layer in inner:
        maps = layer.eval()(maps)
        sides.append(tuple(maps.shape[1:]))
    assert sides == [shape for shape in ((4, 7, 10), (4, 4, 5), (6, 2, 3)) for _ in range(blocks)]


def test_a_residual_network_by_hand() -> None:
    """Pre-activation: `x + conv(relu(conv(relu(x))))`, then relu, the mean over pixels and a linear map."""
    found = network(name="residual", normalisation="none", residual={"channels": [3, 5], "blocks": 1}).eval()
    rows = torch.linspace(-1, 1, 128, dtype=torch.float64).reshape(2, 1, 8, 8)
    weights = dict(found.named_parameters())

    def conv(name: str, x: torch.Tensor, stride: int = 1, padding: int = 1) -> torch.Tensor:
        return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, padding)

    x = conv("0", rows)
    x = x + conv("1.branch.3", conv("1.branch.1", x.relu()).relu())
    x = conv("2.shortcut", x, 2, 0) + conv("2.branch.3", conv("2.branch.1", x.relu(), 2).relu())
    wanted = F.linear(x.relu().mean((2, 3)), weights["6.weight"], weights["6.bias"])
    assert torch.allclose(found(rows), wanted)


def test_stochastic_depth_grows_with_depth_and_a_dropped_row_takes_the_shortcut() -> None:
    found = network(
        name="residual", residual={"channels": [3], "blocks": 4, "stochastic_depth": 0.8}, normalisation="layer"
    )
    depths = [layer for layer in found.modules() if isinstance(layer, StochasticDepth)]
    assert [float(layer.rate) for layer in depths] == pytest.approx([0.2, 0.4, 0.6, 0.8], abs=2.0**-17)
    rows = torch.rand(64, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    last = found[4].train()
    with randomness.drawing(KEY):
        outputs = last(rows)
    skipped = (outputs == rows).flatten(1).all(1)
    assert 40 <= int(skipped.sum()) <= 60
    whole = last.eval()(rows) - rows
    assert torch.allclose(outputs[~skipped] - rows[~skipped], whole[~skipped] / 0.2, rtol=2.0**-14)


def test_no_depth_is_drawn_where_none_is_dropped() -> None:
    found = network(name="residual")
    assert not [layer for layer in found.modules() if isinstance(layer, StochasticDepth)]


def test_blocks_that_begin_with_an_activation_refuse_maxout() -> None:
    with pytest.raises(ConfigError, match=r"found maxout, legal with model\.name residual: any other"):
        network(name="residual", activation="maxout")
