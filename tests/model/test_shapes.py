"""Sides of maps: worked numbers, the real layers as oracle, and refusals that name what would fit."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.config.networks import ConvolutionLayer
from foldproof.data.preprocessing import Inputs
from foldproof.errors import ConfigError
from foldproof.model.build import build
from foldproof.model.shapes import convolved, pooled

KEY = randomness.key_of(0, 0, 0)
sizes = st.integers(1, 40)


def layer(**settings: Any) -> ConvolutionLayer:
    return ConvolutionLayer(channels=1, **settings)


def test_a_5x5x3_filter_on_a_32x32x3_image_gives_28x28x1() -> None:
    _, height, width = convolved(layer(kernel=5, padding=0), 32, 32, "here")
    assert (height, width) == (28, 28)
    assert nn.Conv2d(3, 1, 5)(torch.zeros(1, 3, 32, 32)).shape == (1, 1, 28, 28)


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_same_padding_keeps_the_sides(kernel: int) -> None:
    assert convolved(layer(kernel=kernel), 9, 12, "here")[1:] == (9, 12)


@settings(max_examples=200, deadline=None)
@given(sizes, sizes, st.integers(1, 9), st.integers(1, 4), st.integers(0, 4))
def test_sides_are_those_of_the_layer_or_what_would_fit_is_told(
    height: int, width: int, kernel: int, stride: int, padding: int
) -> None:
    """A layer that reads every pixel equally is accepted; of others those named instead are."""
    whole = [(side + 2 * padding - kernel) % stride == 0 and side + 2 * padding >= kernel for side in (height, width)]
    chosen = layer(kernel=kernel, stride=stride, padding=padding)
    if all(whole):
        found = nn.Conv2d(1, 1, kernel, stride, padding)(torch.zeros(1, 1, height, width)).shape[2:]
        assert convolved(chosen, height, width, "here")[1:] == tuple(found)
        return
    with pytest.raises(ConfigError, match="legal: a whole number >= 1, as with ") as refusal:
        convolved(chosen, height, width, "here")
    for named in str(refusal.value).partition("as with ")[2].split("; or "):
        other = {name: int(value) for name, value in (word.split() for word in named.split(", "))}
        assert min(convolved(layer(**other), height, width, "here")[1:]) >= 1


@given(sizes, sizes, st.integers(1, 9))
def test_a_window_divides_the_map_or_is_refused(height: int, width: int, window: int) -> None:
    if height % window == 0 and width % window == 0:
        found = nn.MaxPool2d(window)(torch.zeros(1, 1, height, width)).shape[2:]
        assert pooled(window, height, width, "here") == tuple(found)
        return
    with pytest.raises(ConfigError, match=rf"pool a map of {height}x{width} by {window}.*legal: windows of 1"):
        pooled(window, height, width, "here")


@pytest.mark.parametrize(
    ("shape", "section", "told"),
    [
        ((1, 6, 8), {"cnn": {"channels": [4, 4]}}, r"layer 1: would pool a map of 3x4 by 2.*legal: windows of 1 \("),
        ((13,), {"name": "cnn"}, "found cnn, legal: mlp or linear for inputs of shape"),
        ((13,), {"name": "residual"}, "found residual, legal: mlp or linear for inputs of shape"),
        (
            (3, 32, 32),
            {"cnn": {"layers": [{"channels": 4}, {"channels": 8, "kernel": 5, "stride": 2, "padding": 0}]}},
            r"model.cnn: layer 1: found kernel 5, stride 2, padding 0 on maps of 32x32: "
            r"\(32 \+ 2\*0 - 5\) / 2 \+ 1 = 14.5, legal: a whole number >= 1, as with "
            "kernel 4, stride 2, padding 0; or kernel 5, stride 1, padding 0; or kernel 6, stride 2, padding 0",
        ),
        ((1, 8, 8), {"cnn": {"layers": [{"channels": 4, "kernel": 9, "padding": 0}]}}, "= 0, legal: a whole number"),
        ((1, 8, 8), {"cnn": {"layers": [{"channels": 4, "kernel": 4}]}}, "kernel 4 with padding same, legal: an odd"),
        (
            (1, 8, 8),
            {"cnn": {"pooling": "none", "layers": [{"channels": 4, "pool": 2}]}},
            "found pool 2 with pooling none, legal: pool 1",
        ),
    ],
)
def test_networks_refuse_what_does_not_fit_by_layer(shape: tuple[int, ...], section: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        build(Model.model_validate(section), Inputs(shape), 10, KEY)
