"""Penalties and limits on weights and gradients: their formulas, and that each member is held to its own."""

from typing import Any

import pytest
import torch
from sklearn.linear_model import ElasticNet
from torch import Tensor, nn

from foldproof.config import Params
from foldproof.data.splits import Role
from foldproof.model.stacked import Layout
from foldproof.training.constraints import clip_factors, clip_values, limit_norms
from foldproof.training.elements import Elements
from foldproof.training.events import EpochEnded, Event
from foldproof.training.penalties import PENALTIES, penalty
from foldproof.training.population_optimizer import Rates
from tests.training.descent import (
    START,
    banana_and_bowl,
    descend,
    descended,
    optimizer_over,
    steady,
    together,
)
from tests.training.setting import digits, fit_together, params, split_of

RATES = together([0.01, 0.02, 0.05])
L1, L2 = together([0.0, 0.1, 0.3]), together([0.2, 0.0, 0.4])
COUNTED = together([1.0, 0.0, 1.0, 1.0])


def test_the_penalty_and_its_gradient_are_the_elastic_nets() -> None:
    matrix = START.clone().requires_grad_()
    found = penalty(matrix, COUNTED, {"l1": L1, "l2": L2})
    for member in range(3):
        weights = START[member, [0, 2, 3]]
        wanted = L2[member] / 2 * (weights @ weights) + L1[member] * weights.abs().sum()
        assert found[member].item() == pytest.approx(wanted.item(), rel=1e-12)
    found.sum().backward()
    assert matrix.grad is not None
    assert torch.allclose(matrix.grad, COUNTED * (L2[:, None] * START + L1[:, None] * START.sign()), rtol=1e-12)
    assert torch.autograd.gradcheck(lambda w: penalty(w, COUNTED, {"l1": L1, "l2": L2}), matrix)


def test_coupled_decay_is_the_penalty_l2() -> None:
    decayed = descended("sgd", banana_and_bowl, START, 60, Rates(RATES, steady, weight_decay=L2))

    def penalised(matrix: Tensor) -> Tensor:
        return banana_and_bowl(matrix) + penalty(matrix, torch.ones(4), {"l2": L2})

    assert torch.allclose(decayed, descended("sgd", penalised, START, 60, Rates(RATES, steady)), rtol=1e-10)


def test_a_linear_model_with_both_penalties_is_scikit_learns_elastic_net() -> None:
    """`1/2n |y - Xw|^2 + alpha * share * |w|_1 + alpha * (1 - share)/2 * |w|^2`, minimised by descent."""
    draws = torch.Generator().manual_seed(0)
    rows = torch.randn(60, 4, generator=draws, dtype=torch.float64)
    targets = rows @ together([2.0, -1.0, 0.02, 0.0]) + 0.1 * torch.randn(60, generator=draws, dtype=torch.float64)
    alpha, share = 0.3, 0.5
    theirs = ElasticNet(alpha=alpha, l1_ratio=share, fit_intercept=False, tol=1e-12).fit(rows.numpy(), targets.numpy())
    rates = {"l1": together([alpha * share]), "l2": together([alpha * (1 - share)])}

    def loss(matrix: Tensor) -> Tensor:
        return 0.5 * (matrix @ rows.T - targets).square().mean(1) + penalty(matrix, torch.ones(4), rates)

    found = descended("sgd", loss, torch.zeros(1, 4, dtype=torch.float64), 600, Rates(together([0.05]), steady))
    assert torch.allclose(found[0], torch.from_numpy(theirs.coef_), atol=0.01)  # the kink makes it swing a little


def job(network: str = "mlp", **train: Any) -> Params:
    return params(
        split={"folds": 5, "inner_share": 0.2},
        preprocess={"center": "channel", "scale": "channel"},
        model={"name": network, "dropout": 0, "normalisation": "none", "mlp": {"hidden": [8]}},
        train={"epochs": 3, "batch_size": 16, "precision": "fp64", **train},
    )


def test_reported_and_first_losses_rise_with_the_penalty_and_inner_validation_does_not() -> None:
    """With steps of next to nothing the weights are the same whatever the penalty."""
    dataset = digits(120)

    def losses(**penalty_rates: float) -> EpochEnded:
        chosen = job(penalty=penalty_rates, optimizer={"name": "sgd", "learning_rate": 1e-12})
        seen: list[Event] = []
        fit_together(dataset, split_of(dataset, chosen), chosen, (0, 1), [seen.append])
        return next(event for event in seen if isinstance(event, EpochEnded))

    without, l1, l2 = losses(), losses(l1=0.01), losses(l2=0.01)
    split = split_of(dataset, job())
    start = fit_together(dataset, split, job(optimizer={"name": "sgd", "learning_rate": 1e-12}), (0, 1)).matrix
    layout = [(64, 8), (8,), (8, 10), (10,)]
    weights = torch.cat([torch.full((torch.Size(shape).numel(),), float(len(shape) > 1)) for shape in layout])
    for member in range(2):
        held = start[member][weights > 0]
        added = l1.training_loss[member] - without.training_loss[member]
        assert added == pytest.approx(0.01 * held.abs().sum().item(), rel=1e-6)
        added = l2.training_loss[member] - without.training_loss[member]
        assert added == pytest.approx(0.005 * held.square().sum().item(), rel=1e-6)
    assert l1.inner_validation_loss == pytest.approx(without.inner_validation_loss, rel=1e-6)


def test_a_fit_minimises_penalties_on_weights_and_not_on_biases() -> None:
    """The loss before the second of two steps is that of what the first one left, whose biases are no longer 0."""
    dataset, rates = digits(120), {"l1": 0.01, "l2": 0.02}

    def descent(epochs: int) -> Params:
        rate = {"name": "gradient_descent", "learning_rate": 0.1}
        return job("linear", epochs=epochs, batch_size="full", penalty=rates, optimizer=rate)

    split, seen = split_of(dataset, descent(2)), list[Event]()
    left = fit_together(dataset, split, descent(1), (0,)).matrix[0]
    fit_together(dataset, split, descent(2), (0,), [seen.append])
    told = [event.training_loss[0] for event in seen if isinstance(event, EpochEnded)]
    weights, biases = left[:-10], left[-10:]
    assert biases.abs().sum() > 0.01, "biases stay 0; the test would show less than it says"
    rows = split.rows(0, Role.TRAINING)
    raw = torch.from_numpy(dataset.features[rows]).double().flatten(1)
    outputs = (raw - raw.mean()) / raw.std(correction=0) @ weights.reshape(10, 64).T + biases
    added = 0.01 * weights.abs().sum() + 0.01 * weights.square().sum()
    wanted = nn.functional.cross_entropy(outputs, torch.from_numpy(dataset.targets[rows])) + added
    assert told[1] == pytest.approx(wanted.item(), rel=1e-9)


def test_l1_gives_sparser_weights_than_l2() -> None:
    """Five networks each: the share of weights that are less than a fiftieth of the largest one."""
    dataset = digits(200)

    def near_zero(name: str) -> Tensor:
        schedule = {"name": "polynomial"}  # down to 0, so that nothing swings about the kink
        chosen = job(
            "linear",
            epochs=30,
            penalty={name: 0.02},
            schedule=schedule,
            optimizer={"name": "sgd", "learning_rate": 0.05},
        )
        weights = fit_together(dataset, split_of(dataset, chosen), chosen, range(5)).matrix[:, :-10].abs()
        return (weights < 0.02 * weights.amax(1, keepdim=True)).double().mean(1)

    l1, l2 = near_zero("l1"), near_zero("l2")
    told = f"{l1.mean():.3f} +- {l1.std():.3f} against {l2.mean():.3f} +- {l2.std():.3f}"
    assert l1.min() > 2 * l2.max(), told


def test_the_longest_weight_vector_of_each_unit_is_as_asked_and_shorter_ones_are_as_they_were() -> None:
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 5))
    layout = Layout.of(network)
    size = sum(layout.sizes)
    before = torch.linspace(-1, 1.5, 2 * size, dtype=torch.float64).reshape(2, size).sin()
    units = ((0, 3, 18), (54 + 3 + 3 + 3, 5, 12))
    matrix, largest = before.clone(), together([1.3, 2.0])
    limit_norms(matrix, largest, units)
    was, now = layout.unfold(before), layout.unfold(matrix)
    for name in layout.names:
        for member in range(2):
            if was[name].dim() == 2:
                assert torch.equal(was[name][member], now[name][member]), "biases and scales are left alone"
                continue
            wanted = torch.renorm(was[name][member].flatten(1), 2, 0, largest[member].item())
            assert torch.allclose(now[name][member].flatten(1), wanted, rtol=1e-6)
            assert (now[name][member].flatten(1).norm(dim=1) <= largest[member] * (1 + 1e-12)).all()


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop"])
def test_max_norm_holds_after_every_step(name: Any) -> None:
    matrix = nn.Parameter(START.clone())
    elements = Elements(torch.ones(4), torch.zeros(4), units=((0, 2, 2),))
    largest = together([0.4, 0.9, 1.5])
    optimizer = optimizer_over(name, matrix, Rates(RATES, steady, max_norm=largest), elements)
    for _ in range(30):
        descend(optimizer, matrix, banana_and_bowl, 1)
        norms = matrix.detach().reshape(3, 2, 2).norm(dim=2)
        assert (norms <= largest[:, None] * (1 + 1e-12)).all()


def test_max_norm_is_kept_by_a_fit() -> None:
    dataset = digits(120)
    chosen = job(max_norm=0.7, optimizer={"name": "adam", "learning_rate": 0.05})
    kept = fit_together(dataset, split_of(dataset, chosen), chosen, (0, 1)).matrix
    first = kept[:, : 64 * 8].reshape(2, 8, 64).norm(dim=2)
    assert (first <= 0.7 * (1 + 1e-12)).all()
    assert first.max() == pytest.approx(0.7)


def test_clipping_knows_no_other_member() -> None:
    gradients = torch.tensor([[3.0, 4.0], [300.0, 400.0], [0.03, 0.04]], dtype=torch.float64)
    factors = clip_factors(gradients, torch.ones(3, dtype=torch.float64)).squeeze(1)
    assert factors.tolist() == pytest.approx([0.2, 0.002, 1.0], rel=1e-5)


def test_values_are_cut_at_each_members_own_limit() -> None:
    gradients = torch.tensor([[3.0, -4.0], [300.0, -0.1]])
    clip_values(gradients, torch.tensor([3.5, 1.0]))
    assert gradients.tolist() == [[3.0, -3.5], [1.0, pytest.approx(-0.1)]]


def test_every_penalty_is_a_key_of_the_params() -> None:
    from foldproof.config.penalty import Penalty

    assert set(PENALTIES) == set(Penalty.model_fields)
