"""What drops: shares, means, masks as whole as they say, nothing when evaluating; torch's layers as oracle."""

from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.config.model import DropoutKindName
from foldproof.model.dropout import DROPOUTS, AlphaDropout, DropConnect, Dropout, SpatialDropout, StochasticDepth

KEY = randomness.key_of(0, 0, 0)
RESOLUTION = 2.0**-16  # of rates
LAYERS = (Dropout, SpatialDropout, StochasticDepth, AlphaDropout)
every_layer = pytest.mark.parametrize("layer", LAYERS)


def dropped(layer: nn.Module, inputs: Tensor, *words: int) -> Tensor:
    with randomness.drawing(randomness.key_of(*words)):
        outputs: Tensor = layer.train()(inputs)
    return outputs


def test_the_table_holds_what_the_params_name() -> None:
    assert set(DROPOUTS) == set(get_args(DropoutKindName))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate: float) -> None:
    inputs = torch.ones(400, 500, dtype=torch.float64)
    outputs = dropped(Dropout(rate, "here"), inputs)
    share = (outputs == 0).double().mean().item()
    assert share == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / inputs.numel()))
    assert outputs.mean().item() == pytest.approx(1, abs=0.02)
    assert sorted(outputs.unique().tolist()) == pytest.approx([0.0, 1 / (1 - rate)], rel=RESOLUTION / (1 - rate))


@pytest.mark.parametrize(("layer", "whole"), [(SpatialDropout, (2, 3)), (StochasticDepth, (1, 2, 3))])
def test_channels_or_rows_are_kept_or_dropped_as_a_whole(layer: type[Dropout], whole: tuple[int, ...]) -> None:
    outputs = dropped(layer(0.3, "here"), torch.ones(500, 6, 4, 5, dtype=torch.float64))
    kept = (outputs != 0).double().mean(whole)
    assert sorted(kept.unique().tolist()) == [0.0, 1.0]
    assert kept.mean().item() == pytest.approx(0.7, abs=5 * np.sqrt(0.21 / kept.numel()))
    assert outputs.max().item() == pytest.approx(1 / 0.7, rel=2 * RESOLUTION)


@every_layer
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 2, 2)])
def test_nothing_is_dropped_when_evaluating_or_at_rate_0(layer: type[Dropout], shape: tuple[int, ...]) -> None:
    inputs = torch.linspace(-1, 1, int(np.prod(shape)), dtype=torch.float64).reshape(shape)
    assert torch.equal(layer(0.5, "here").eval()(inputs), inputs)
    assert torch.allclose(dropped(layer(0.0, "here"), inputs), inputs, rtol=1e-15)


@every_layer
def test_keys_and_places_have_their_own_masks(layer: type[Dropout]) -> None:
    inputs = torch.rand(50, 50, generator=torch.Generator().manual_seed(0))
    first = dropped(layer(0.5, "a"), inputs, 1)
    assert torch.equal(first, dropped(layer(0.5, "a"), inputs, 1))
    assert not torch.equal(first, dropped(layer(0.5, "b"), inputs, 1))
    assert not torch.equal(first, dropped(layer(0.5, "a"), inputs, 2))


@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_alpha_dropout_keeps_mean_0_and_variance_1(rate: float) -> None:
    inputs = randomness.normal(KEY, (1000, 500))
    outputs = dropped(AlphaDropout(rate, "here"), inputs)
    assert outputs.mean().item() == pytest.approx(0, abs=0.01)
    assert outputs.var().item() == pytest.approx(1, abs=0.01)


def test_alpha_dropout_moves_elements_as_torchs_does() -> None:
    """The same rows come in: each element becomes one of two numbers, for kept and dropped, which torch has too."""
    torch.manual_seed(0)
    inputs = torch.tensor([[-1.3, 0.4, 2.0]], dtype=torch.float64).expand(400, 3)
    theirs, ours = nn.AlphaDropout(0.3)(inputs), dropped(AlphaDropout(0.3, "here"), inputs)
    for column in range(3):
        found, wanted = (np.unique(one[:, column].numpy().round(9)) for one in (ours, theirs))
        np.testing.assert_allclose(found, wanted, atol=4 * RESOLUTION)
        assert len(wanted) == 2


@pytest.mark.parametrize("layer", [nn.Linear(300, 200), nn.Conv2d(30, 20, 3)])
def test_dropconnect_drops_weights_one_mask_a_batch(layer: Any) -> None:
    """The mask is read off the outputs for rows that pick out single weights; it is the same for all rows."""
    with torch.no_grad():
        layer.double().weight.fill_(1.0)
        layer.bias.fill_(7.0)
    rows = torch.eye(300, dtype=torch.float64) if isinstance(layer, nn.Linear) else torch.ones(2, 30, 3, 3).double()
    found = dropped(DropConnect(layer, 0.25, "here"), rows) - 7
    if isinstance(layer, nn.Linear):
        assert sorted(found.unique().tolist()) == pytest.approx([0.0, 1 / 0.75])
        assert (found == 0).double().mean().item() == pytest.approx(0.25, abs=0.01)
        ones = dropped(DropConnect(layer, 0.25, "here"), torch.ones(1, 300, dtype=torch.float64)) - 7
        assert torch.allclose(ones, found.sum(0, keepdim=True))
    else:
        assert torch.equal(found[0], found[1])
        assert found.mean().item() == pytest.approx(270, rel=0.05)


def test_dropconnect_is_the_plain_layer_when_evaluating() -> None:
    layer, rows = nn.Linear(5, 4), torch.rand(3, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(DropConnect(layer, 0.5, "here").eval()(rows), layer(rows))


def test_gradients_reach_the_weights_that_were_kept_alone() -> None:
    layer = DropConnect(nn.Linear(20, 10), 0.5, "here")
    outputs = dropped(layer, torch.ones(1, 20))
    outputs.sum().backward()
    gradient = layer.layer.weight.grad
    assert gradient is not None
    assert sorted(gradient.unique().tolist()) == [0.0, 2.0]
