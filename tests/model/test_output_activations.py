"""Outputs become probabilities as scikit-learn's would, also extreme ones, and numbers stay what they are."""

from typing import get_args

import numpy as np
import pytest
import torch
from scipy.special import expit

from foldproof.model.output_activations import OUTPUT_ACTIVATIONS, OutputActivation

OUTPUTS = torch.from_numpy(np.random.Generator(np.random.Philox(1)).normal(size=(3, 7, 5)))
EXTREME = torch.tensor([[-1e4, -1e4, -1e4], [1e4, 1e4, -1e4], [1e4, -1e4, 0.0]])


def test_every_name_is_a_row_of_the_table() -> None:
    assert set(OUTPUT_ACTIVATIONS) == set(get_args(OutputActivation))


@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_probabilities_sum_to_1_even_of_extreme_outputs(name: OutputActivation) -> None:
    for outputs in (OUTPUTS, EXTREME):
        found = OUTPUT_ACTIVATIONS[name](outputs)
        assert found.shape == outputs.shape
        assert found.min() >= 0
        assert torch.allclose(found.sum(-1), torch.ones_like(found[..., 0]))


def test_each_against_the_rest_is_scaled_as_in_scikit_learns_one_vs_rest() -> None:
    each = expit(OUTPUTS.numpy())
    np.testing.assert_allclose(OUTPUT_ACTIVATIONS["sigmoid"](OUTPUTS), each / each.sum(-1, keepdims=True), rtol=1e-12)


def test_of_two_mirrored_outputs_the_sigmoid_is_the_usual_one() -> None:
    """A network of two classes that has learnt `o` and `-o` says what one with a single sigmoid would."""
    logits = OUTPUTS[..., :1]
    found = OUTPUT_ACTIVATIONS["sigmoid"](torch.cat([-logits, logits], dim=-1))[..., 1]
    np.testing.assert_allclose(found, expit(logits[..., 0].numpy()), rtol=1e-12)


def test_numbers_stay() -> None:
    assert torch.equal(OUTPUT_ACTIVATIONS["linear"](OUTPUTS[..., :1]), OUTPUTS[..., 0])
