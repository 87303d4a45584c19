"""Steps worked out by hand and the recurrences of the lecture notes, in plain numpy."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from foldproof.config.optimizer import OptimizerName
from foldproof.training.population_optimizer import Rates
from tests.training.descent import descend, optimizer_over, steady, together

Weights = NDArray[np.float64]
CURVATURE = np.array([0.5, 3.0, 8.0])
START = np.array([1.0, -2.0, 0.5])
STEPS = 40


def slope(weights: Weights) -> Weights:
    """Of `sum of c/2 w^2 + w^4/4`."""
    return CURVATURE * weights + weights**3


def momentum(rate: float) -> Iterator[Weights]:
    """`v = mu v - lr g; w += v`."""
    weights, velocity = START, np.zeros(3)
    while True:
        velocity = 0.9 * velocity - rate * slope(weights)
        weights = weights + velocity
        yield weights


def nesterov(rate: float) -> Iterator[Weights]:
    """`v = mu v - lr g(w + mu v); w += v`. torch keeps `w + mu v`, the point that is looked ahead to."""
    weights, velocity = START, np.zeros(3)
    while True:
        velocity = 0.9 * velocity - rate * slope(weights + 0.9 * velocity)
        weights = weights + velocity
        yield weights + 0.9 * velocity


def adagrad(rate: float) -> Iterator[Weights]:
    """`h += g^2; w -= lr g / (sqrt(h) + eps)`: torch adds eps there too."""
    weights, squares = START, np.zeros(3)
    while True:
        squares = squares + slope(weights) ** 2
        weights = weights - rate * slope(weights) / (np.sqrt(squares) + 1e-10)
        yield weights


def rmsprop(rate: float) -> Iterator[Weights]:
    """`h = d h + (1 - d) g^2; w -= lr g / (sqrt(h) + eps)`: torch adds eps there too."""
    weights, squares = START, np.zeros(3)
    while True:
        squares = 0.9 * squares + 0.1 * slope(weights) ** 2
        weights = weights - rate * slope(weights) / (np.sqrt(squares) + 1e-8)
        yield weights


def adam(rate: float) -> Iterator[Weights]:
    """With both means freed of their bias, eps added after that."""
    weights, mean, squares, step = START, np.zeros(3), np.zeros(3), 0
    while True:
        step += 1
        mean = 0.9 * mean + 0.1 * slope(weights)
        squares = 0.999 * squares + 0.001 * slope(weights) ** 2
        weights = weights - rate * (mean / (1 - 0.9**step)) / (np.sqrt(squares / (1 - 0.999**step)) + 1e-8)
        yield weights


NOTES: dict[OptimizerName, Callable[[float], Iterator[Weights]]] = {
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
}


@pytest.mark.parametrize("name", NOTES)
def test_steps_are_those_of_the_notes(name: OptimizerName) -> None:
    rates = [0.01, 0.03]
    matrix = nn.Parameter(torch.from_numpy(np.stack([START, START])))
    optimizer = optimizer_over(name, matrix, Rates(together(rates), steady))
    notes = [NOTES[name](rate) for rate in rates]
    for _ in range(STEPS):
        descend(optimizer, matrix, lambda w: (0.5 * torch.from_numpy(CURVATURE) * w**2 + 0.25 * w**4).sum(-1), 1)
        np.testing.assert_allclose(matrix.detach().numpy(), [next(way) for way in notes], rtol=1e-10, atol=1e-12)


def test_one_step_of_gradient_descent_by_hand() -> None:
    """Two inputs, two hidden and two output sigmoids, no biases: the worked example of the notes."""
    matrix = nn.Parameter(together([0.4, 0.1, 0.4, 0.3, 0.25, 0.3, 0.7, 0.25]).unsqueeze(0))
    inputs, targets = together([0.2, 0.5]), together([0.2, 0.4])
    hidden_sums = matrix[0, :4].reshape(2, 2) @ inputs
    hidden = torch.sigmoid(hidden_sums)
    output_sums = matrix[0, 4:].reshape(2, 2) @ hidden
    outputs = torch.sigmoid(output_sums)
    error = (0.5 * (targets - outputs) ** 2).sum()
    assert hidden_sums.tolist() == pytest.approx([0.13, 0.23])
    assert hidden.tolist() == pytest.approx([0.53245431, 0.55724785], abs=5e-9)
    assert output_sums.tolist() == pytest.approx([0.30028793, 0.51202998], abs=5e-9)
    assert outputs.tolist() == pytest.approx([0.57451290, 0.62528223], abs=5e-9)
    assert error.item() == pytest.approx(0.09550600, abs=5e-9)
    error.backward()
    assert matrix.grad is not None
    assert matrix.grad[0, 4].item() == pytest.approx(0.04874559, abs=5e-9)
    optimizer_over("gradient_descent", matrix, Rates(together([0.5]), steady)).step()
    assert matrix[0, 4].item() == pytest.approx(0.225627205, abs=5e-9)
