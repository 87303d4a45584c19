"""Optimizers with a rate, a decay and a clip a member against `torch.optim`; schedules against the literal list."""

from math import exp
from typing import Any, get_args

import pytest
import torch
from torch import nn

from foldproof.config.optimizer import OptimizerName
from foldproof.config.schedule import Schedule, ScheduleName
from foldproof.config.train import Train
from foldproof.training.members import make_recipe
from foldproof.training.optimizers import OPTIMIZERS, PopulationOptimizer, Rates, clip_factors
from foldproof.training.schedules import SCHEDULES
from foldproof.training.stopping import Progress

RATES = torch.tensor([0.002, 0.01, 0.03], dtype=torch.float64)
DECAYS = torch.tensor([0.0, 0.01, 0.1], dtype=torch.float64)
START = torch.linspace(-1, 2, 12, dtype=torch.float64).reshape(3, 4)
TORCH: dict[str, Any] = {
    "sgd": lambda p, lr, wd: torch.optim.SGD(p, lr, weight_decay=wd),
    "momentum": lambda p, lr, wd: torch.optim.SGD(p, lr, momentum=0.9, weight_decay=wd),
    "nesterov": lambda p, lr, wd: torch.optim.SGD(p, lr, momentum=0.9, nesterov=True, weight_decay=wd),
    "adam": lambda p, lr, wd: torch.optim.Adam(p, lr, weight_decay=wd),
    "adamw": lambda p, lr, wd: torch.optim.AdamW(p, lr, weight_decay=wd),
}
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def loss(weights: torch.Tensor) -> torch.Tensor:
    """A banana and a bowl: no symmetry between elements, no member like another."""
    first, second, third, fourth = weights.unbind(-1)
    return (1 - first) ** 2 + 5 * (second - first**2) ** 2 + (third - 2) ** 2 + (0.3 * fourth) ** 4


def stepped(
    name: OptimizerName, steps: int, clip: torch.Tensor | None = None, decays: torch.Tensor | None = DECAYS
) -> torch.Tensor:
    matrix = nn.Parameter(START.clone())
    rates = Rates(RATES, decays, clip, lambda step: 1 / (1 + 0.01 * step))
    block = getattr(Train().optimizer, name)
    optimizer = PopulationOptimizer(matrix, OPTIMIZERS[name], block, rates, torch.ones(4, dtype=torch.float64))
    for _ in range(steps):
        optimizer.zero_grad()
        loss(matrix).sum().backward()
        optimizer.step()
    return matrix.detach()


def test_every_name_of_the_params_is_a_row_of_its_table() -> None:
    assert set(OPTIMIZERS) == set(get_args(OptimizerName)) == set(TORCH)
    assert set(SCHEDULES) == set(get_args(ScheduleName)) <= set(Schedule.model_fields)


@every_optimizer
@pytest.mark.parametrize("clipped", [False, True])
def test_members_with_their_own_settings_equal_one_torch_optimizer_each(name: OptimizerName, clipped: bool) -> None:
    clip = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64) if clipped else None
    together = stepped(name, 200, clip)
    for member in range(3):
        weights = nn.Parameter(START[member].clone())
        optimizer = TORCH[name]([weights], RATES[member].item(), DECAYS[member].item())
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + 0.01 * step))
        for _ in range(200):
            optimizer.zero_grad()
            loss(weights).backward()
            if clip is not None:
                nn.utils.clip_grad_norm_([weights], clip[member].item())
            optimizer.step()
            schedule.step()
        assert torch.allclose(together[member], weights.detach(), rtol=1e-9, atol=1e-12)


@every_optimizer
def test_decay_acts_where_it_is_asked_to_and_nowhere_else(name: OptimizerName) -> None:
    """Weights have it, biases have not: torch's own way to say so is a group of parameters each."""
    matrix = nn.Parameter(START.clone())
    rates = Rates(RATES, DECAYS, None, lambda _: 1.0)
    decayed = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    optimizer = PopulationOptimizer(matrix, OPTIMIZERS[name], getattr(Train().optimizer, name), rates, decayed)
    for _ in range(50):
        optimizer.zero_grad()
        loss(matrix).sum().backward()
        optimizer.step()
    for member in range(3):
        weights, biases = (nn.Parameter(START[member, places].clone()) for places in ([0, 2], [1, 3]))
        groups = [{"params": [weights], "weight_decay": DECAYS[member].item()}, {"params": [biases]}]
        by_hand = TORCH[name](groups, RATES[member].item(), 0.0)
        for _ in range(50):
            by_hand.zero_grad()
            loss(torch.stack([weights[0], biases[0], weights[1], biases[1]])).backward()
            by_hand.step()
        found = matrix.detach()[member]
        assert torch.allclose(found[[0, 2]], weights.detach(), rtol=1e-9, atol=1e-12)
        assert torch.allclose(found[[1, 3]], biases.detach(), rtol=1e-9, atol=1e-12)


@every_optimizer
@pytest.mark.parametrize("keep", [[1, 2], [0, 2], [2]])
def test_those_who_go_on_after_compaction_go_on_as_themselves(name: OptimizerName, keep: list[int]) -> None:
    """Whoever is taken out, first, middle or both: the others keep their own momentum, rate and decay."""
    matrix = nn.Parameter(START.clone())
    rates = Rates(RATES, DECAYS, torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64), lambda step: 1 / (1 + 0.01 * step))
    block = getattr(Train().optimizer, name)
    optimizer = PopulationOptimizer(matrix, OPTIMIZERS[name], block, rates, torch.ones(4, dtype=torch.float64))
    for step in range(60):
        if step == 20:
            matrix.data, matrix.grad = matrix.data[keep], None
            optimizer.compact(torch.tensor(keep))
        optimizer.zero_grad()
        loss(matrix).sum().backward()
        optimizer.step()
    clip = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    assert torch.allclose(matrix.detach(), stepped(name, 60, clip)[keep], rtol=1e-9, atol=1e-12)


@every_optimizer
def test_every_optimizer_finds_the_bottom(name: OptimizerName) -> None:
    end = stepped(name, 4000, decays=None)
    assert loss(end)[-1] < 0.02
    assert (loss(end) < loss(START)).all()


def test_momentum_0_is_plain_descent_and_torchs_form_is_the_notes_form() -> None:
    """`v = mu v - lr g; w += v` at a constant rate, in plain arithmetic."""
    weights, velocity = 1.0, 0.0
    ours = nn.Parameter(torch.tensor([[1.0]], dtype=torch.float64))
    rates = Rates(torch.tensor([0.1], dtype=torch.float64), None, None, lambda _: 1.0)
    optimizer = PopulationOptimizer(ours, OPTIMIZERS["momentum"], Train().optimizer.momentum, rates, torch.ones(1))
    for _ in range(20):
        velocity = 0.9 * velocity - 0.1 * 3 * weights
        weights += velocity
        optimizer.zero_grad()
        (1.5 * ours**2).sum().backward()
        optimizer.step()
    assert ours.item() == pytest.approx(weights, rel=1e-12)


def test_one_step_of_gradient_descent_by_hand() -> None:
    """Two inputs, two hidden and two output sigmoids, no biases: the worked example of the notes."""
    weights = torch.tensor([[0.4, 0.1, 0.4, 0.3, 0.25, 0.3, 0.7, 0.25]], dtype=torch.float64)
    matrix = nn.Parameter(weights)
    inputs, targets = (
        torch.tensor([0.2, 0.5], dtype=torch.float64),
        torch.tensor([0.2, 0.4], dtype=torch.float64),
    )
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
    rates = Rates(torch.tensor([0.5], dtype=torch.float64), None, None, lambda _: 1.0)
    PopulationOptimizer(matrix, OPTIMIZERS["sgd"], Train().optimizer.sgd, rates, torch.ones(8)).step()
    assert matrix[0, 4].item() == pytest.approx(0.225627205, abs=5e-9)


def test_clipping_knows_no_other_member() -> None:
    gradients = torch.tensor([[3.0, 4.0], [300.0, 400.0], [0.03, 0.04]], dtype=torch.float64)
    factors = clip_factors(gradients, torch.ones(3, dtype=torch.float64)).squeeze(1)
    assert factors.tolist() == pytest.approx([0.2, 0.002, 1.0], rel=1e-5)


SCHEDULED = {
    "constant": [1.0, 1.0, 1.0, 1.0, 1.0],
    "step": [1.0, 1.0, 0.5, 0.5, 0.25],
    "exponential": [1.0, exp(-0.1), exp(-0.2), exp(-0.3), exp(-0.4)],
    "inverse_time": [1.0, 1 / 1.2, 1 / 1.4, 1 / 1.6, 1 / 1.8],
}
BLOCKS = {
    "step": {"every_epochs": 2, "factor": 0.5},
    "exponential": {"decay_per_epoch": 0.1},
    "inverse_time": {"decay_per_epoch": 0.2},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_its_literal_list(name: ScheduleName) -> None:
    block = getattr(Schedule.model_validate({"name": name, **({name: BLOCKS[name]} if name in BLOCKS else {})}), name)
    assert [SCHEDULES[name](float(epoch), block) for epoch in range(5)] == pytest.approx(SCHEDULED[name])


def test_the_recipe_counts_time_in_epochs() -> None:
    train = Train.model_validate({"schedule": {"name": "exponential", "exponential": {"decay_per_epoch": 0.5}}})
    assert make_recipe("classification", train).factor_of_epochs(1.5) == pytest.approx(exp(-0.75))


def test_a_member_waits_for_an_improvement_of_its_own() -> None:
    losses = [[1.0, 1.0], [0.9, 1.1], [0.9, 0.5], [0.8, 0.6]]
    progress, seen = Progress.start(2), []
    for epoch, loss_of_members in enumerate(losses):
        progress = progress.after(epoch, torch.tensor(loss_of_members, dtype=torch.float64), 0.0)
        seen.append((progress.best_epoch.tolist(), progress.waited.tolist()))
    assert seen == [([0, 0], [0, 0]), ([1, 0], [0, 1]), ([1, 2], [1, 0]), ([3, 2], [0, 1])]


def test_an_improvement_must_be_as_large_as_asked() -> None:
    progress = Progress.start(1).after(0, torch.tensor([1.0], dtype=torch.float64), 0.1)
    progress = progress.after(1, torch.tensor([0.95], dtype=torch.float64), 0.1)
    assert (progress.best_epoch.item(), progress.waited.item()) == (0, 1)


def test_a_loss_that_is_not_a_number_is_no_improvement() -> None:
    assert Progress.start(1).after(0, torch.tensor([float("nan")], dtype=torch.float64), 0.0).best_epoch.item() == -1
