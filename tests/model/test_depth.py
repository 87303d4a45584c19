"""What initial weights and normalisation do to deep networks, over five seeds: signals, and whether training starts."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.data.preprocessing import Inputs
from foldproof.model.build import build
from foldproof.training.events import EpochEnded, Event
from tests.training.setting import digits, fit_together, params, split_of

SEEDS = 5
DEEP: dict[str, Any] = {"name": "mlp", "mlp": {"hidden": [32] * 10}, "dropout": 0.0, "normalisation": "none"}


@cache
def losses(**model: Any) -> Any:
    """Inner-validation losses `[SEEDS]` at the end of six epochs of a ten-layer network on digits."""
    chosen = params(
        split={"folds": 2, "repeats": SEEDS},
        model={**DEEP, **model},
        train={"epochs": 6, "batch_size": 16, "accelerator": "cpu", "optimizer": {"learning_rate": 0.003}},
    )
    dataset = digits(400)
    seen: list[Event] = []
    fit_together(dataset, split_of(dataset, chosen), chosen, range(0, 2 * SEEDS, 2), [seen.append])
    last = [event for event in seen if isinstance(event, EpochEnded)][-1]
    return np.array(last.inner_validation_loss)


def signals(**model: Any) -> list[float]:
    """The mean square of what comes out of each hidden layer, for standard normal rows."""
    section = Model.model_validate({**DEEP, "mlp": {"hidden": [256] * 10}, **model})
    network = build(section, Inputs((256,)), 10, randomness.key_of(1)).eval()
    assert isinstance(network, nn.Sequential)
    found = []
    rows = randomness.normal(randomness.key_of(2), (200, 256)).float()
    with torch.no_grad():
        for layer in network:
            rows = layer(rows)
            found += [float((rows**2).mean())] if isinstance(layer, nn.ReLU) else []
    return found


def test_he_keeps_signals_through_ten_layers_of_relu_and_glorot_halves_them() -> None:
    assert [round(np.log2(one)) for one in signals(initializer="he")] == [0] * 10
    halved = np.diff(np.log2(signals(initializer="glorot")))
    assert halved.mean() == pytest.approx(-1, abs=0.1)
    assert signals(initializer="small_random")[-1] < 1e-15


def test_he_beats_small_random_at_depth_10() -> None:
    """Paired over seeds; small random weights leave the loss at that of guessing, ln 10."""
    he, small = losses(initializer="he"), losses(initializer="small_random")
    assert (he < small - 0.5).all(), (he, small)
    assert small == pytest.approx(np.log(10), abs=0.05)


def test_batch_normalisation_makes_a_bad_start_trainable() -> None:
    without, with_it = losses(initializer="small_random"), losses(initializer="small_random", normalisation="batch")
    assert (with_it < without - 0.3).all(), (without, with_it)
