"""The whole table of optimizers, each member with rates of its own, against one optimizer of torch a member."""

from typing import Any, get_args

import pytest
import torch
from torch import nn

from foldproof.config.optimizer import OptimizerName
from foldproof.training.elements import Elements
from foldproof.training.optimizers import EVALUATIONS, OPTIMIZERS
from foldproof.training.population_optimizer import Rates
from tests.training.descent import (
    RATES,
    START,
    banana_and_bowl,
    descend,
    descended,
    falling,
    legal_for,
    optimizer_over,
    steady,
    together,
)

STEPS = 80
DECAYS = together([0.0, 0.01, 0.1])
CLIPS = {"clip_value": together([0.3, 0.6, 5.0]), "clip_norm": together([0.5, 1.0, 2.0])}
TORCH: dict[str, Any] = {
    "gradient_descent": lambda p, lr, wd: torch.optim.SGD(p, lr, weight_decay=wd),
    "sgd": lambda p, lr, wd: torch.optim.SGD(p, lr, weight_decay=wd),
    "momentum": lambda p, lr, wd: torch.optim.SGD(p, lr, momentum=0.9, weight_decay=wd),
    "nesterov": lambda p, lr, wd: torch.optim.SGD(p, lr, momentum=0.9, nesterov=True, weight_decay=wd),
    "adagrad": lambda p, lr, wd: torch.optim.Adagrad(p, lr, weight_decay=wd),
    "adadelta": lambda p, lr, wd: torch.optim.Adadelta(p, lr, weight_decay=wd),
    "rmsprop": lambda p, lr, wd: torch.optim.RMSprop(p, lr, alpha=0.9, weight_decay=wd),
    "adam": lambda p, lr, wd: torch.optim.Adam(p, lr, weight_decay=wd),
    "adamw": lambda p, lr, wd: torch.optim.AdamW(p, lr, weight_decay=wd),
    "nadam": lambda p, lr, wd: torch.optim.NAdam(p, lr, weight_decay=wd),
    "nadamw": lambda p, lr, wd: torch.optim.NAdam(p, lr, weight_decay=wd, decoupled_weight_decay=True),
    "radam": lambda p, lr, wd: torch.optim.RAdam(p, lr, weight_decay=wd),
    "amsgrad": lambda p, lr, wd: torch.optim.Adam(p, lr, weight_decay=wd, amsgrad=True),
    "lbfgs": lambda p, lr, _: torch.optim.LBFGS(p, lr, 1, EVALUATIONS, history_size=10, line_search_fn="strong_wolfe"),
    "sparse_adam": lambda p, lr, wd: torch.optim.Adam(p, lr, weight_decay=wd),
}
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def test_every_name_of_the_params_is_a_row_of_its_table() -> None:
    assert set(OPTIMIZERS) == set(get_args(OptimizerName)) == set(TORCH)


@every_optimizer
@pytest.mark.parametrize("clipped", [False, True])
def test_members_with_their_own_settings_equal_one_torch_optimizer_each(name: OptimizerName, clipped: bool) -> None:
    settings = legal_for(name, {"weight_decay": DECAYS, **(CLIPS if clipped else {})})
    rates = Rates(RATES, falling, OPTIMIZERS[name].decay == "decoupled", **settings)
    ends = descended(name, banana_and_bowl, START, STEPS, rates)
    for member in range(3):
        weights = nn.Parameter(START[member].clone())
        own = {setting: value[member].item() for setting, value in settings.items()}
        optimizer = TORCH[name]([weights], RATES[member].item(), own.get("weight_decay", 0.0))
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, falling)

        def closure(weights: Any = weights, own: Any = own, optimizer: Any = optimizer) -> torch.Tensor:
            optimizer.zero_grad()
            loss = banana_and_bowl(weights)
            loss.backward()
            nn.utils.clip_grad_value_([weights], own.get("clip_value", torch.inf))
            nn.utils.clip_grad_norm_([weights], own.get("clip_norm", torch.inf))
            return loss

        for _ in range(STEPS):
            optimizer.step(closure)
            schedule.step()
        assert torch.allclose(ends[member], weights.detach(), rtol=1e-9, atol=1e-12)


@every_optimizer
def test_decay_and_the_output_layers_rate_act_where_they_are_asked_to_and_nowhere_else(name: OptimizerName) -> None:
    """Weights decay, biases do not, the output layer has a rate of its own: torch's way is a group of parameters each.

    Where an optimizer takes neither, all that is left is that it is itself.
    """
    settings = legal_for(name, {"weight_decay": DECAYS, "head_rate_factor": together([0.1, 3.0, 1.0])})
    rates = Rates(RATES, steady, OPTIMIZERS[name].decay == "decoupled", **settings)
    elements = Elements(weights=together([1, 0, 1, 0]), head=together([0, 0, 1, 1]))
    if name == "lbfgs":
        assert not settings
        return
    found = descended(name, banana_and_bowl, START, 50, rates, elements)
    for member in range(3):
        parts = [nn.Parameter(START[member, [place]]) for place in range(4)]
        factor = settings["head_rate_factor"][member].item()
        decay = settings["weight_decay"][member].item() if "weight_decay" in settings else 0.0
        groups = [
            {"params": [part], "lr": RATES[member].item() * (factor if head else 1), "weight_decay": decay * weight}
            for part, weight, head in zip(parts, (1, 0, 1, 0), (False, False, True, True), strict=True)
        ]
        by_hand = TORCH[name](groups, 1.0, 0.0)
        for _ in range(50):
            by_hand.zero_grad()
            banana_and_bowl(torch.cat([*parts])).backward()
            by_hand.step()
        assert torch.allclose(found[member], torch.cat([*parts]).detach(), rtol=1e-9, atol=1e-12)


@every_optimizer
@pytest.mark.parametrize("keep", [[1, 2], [0, 2], [2]])
def test_those_who_go_on_after_compaction_go_on_as_themselves(name: OptimizerName, keep: list[int]) -> None:
    """Whoever is taken out, first, middle or both: the others keep their own momentum, rates and limits."""
    row = OPTIMIZERS[name]
    settings = legal_for(name, {"weight_decay": DECAYS, **CLIPS, "head_rate_factor": together([0.5, 2.0, 3.0])})
    rates = Rates(RATES, falling, row.decay == "decoupled", **settings)
    matrix = nn.Parameter(START.clone())
    if row.alone:
        with pytest.raises(ValueError, match="each needs its own"):
            optimizer_over(name, matrix, rates)
        return
    optimizer = optimizer_over(name, matrix, rates)
    descend(optimizer, matrix, banana_and_bowl, 20)
    matrix.data, matrix.grad = matrix.data[keep], None
    optimizer.compact(torch.tensor(keep))
    descend(optimizer, matrix, banana_and_bowl, 40)
    straight = descended(name, banana_and_bowl, START, 60, rates)
    assert torch.allclose(matrix.detach(), straight[keep], rtol=1e-9, atol=1e-12)


@every_optimizer
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("before", [0, 1, 7])
def test_another_optimizer_goes_on_from_the_state_of_the_first_bit_for_bit(
    name: OptimizerName, dtype: torch.dtype, before: int
) -> None:
    start = START[:1].to(dtype)
    rates = Rates(RATES[1:2].to(dtype), falling)
    straight = nn.Parameter(start.clone())
    first = optimizer_over(name, straight, rates)
    descend(first, straight, banana_and_bowl, before)
    resumed = nn.Parameter(straight.detach().clone())
    second = optimizer_over(name, resumed, rates)
    second.restore({key: value.detach().clone() for key, value in first.state_tensors().items()}, first.steps)
    for optimizer, matrix in ((first, straight), (second, resumed)):
        descend(optimizer, matrix, banana_and_bowl, 25)
    assert torch.equal(straight, resumed)
    assert {key: value.dtype for key, value in first.state_tensors().items()} == {
        key: value.dtype for key, value in second.state_tensors().items()
    }


def bowl(weights: torch.Tensor) -> torch.Tensor:
    """A quadratic of condition 20, its bottom at (1, 2, 3, 4)."""
    bottom, curvature = together([1, 2, 3, 4]), together([0.5, 1, 5, 10])
    return 0.5 * (curvature * (weights - bottom) ** 2).sum(-1)


def rosenbrock(weights: torch.Tensor) -> torch.Tensor:
    return (1 - weights[..., 0]) ** 2 + 100 * (weights[..., 1] - weights[..., 0] ** 2) ** 2


@every_optimizer
@pytest.mark.parametrize(
    ("loss", "start", "left"), [(bowl, [0.0, 0.0, 0.0, 0.0], 1e-12), (rosenbrock, [-1.2, 1.0], 0.04)]
)
def test_every_optimizer_finds_the_bottom(name: OptimizerName, loss: Any, start: list[float], left: float) -> None:
    """At the best of eight rates, each a member's; what is too fast for one of them is nothing to the others."""
    candidates = together([1.0] if OPTIMIZERS[name].alone else [0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 1.0, 5.0])
    first = together(start).repeat(len(candidates), 1)
    ends = loss(descended(name, loss, first, 40 if OPTIMIZERS[name].alone else 800, Rates(candidates, steady)))
    assert ends[ends.isfinite()].min() < left * loss(first)[0]


def test_momentum_0_is_plain_descent() -> None:
    from foldproof.config.optimizer import Momentum, Optimizer

    matrix = nn.Parameter(START.clone())
    without = optimizer_over(
        "momentum", matrix, Rates(RATES, steady), blocks=Optimizer(momentum=Momentum(momentum=0.0))
    )
    descend(without, matrix, banana_and_bowl, 20)
    plain = descended("sgd", banana_and_bowl, START, 20, Rates(RATES, steady))
    assert torch.allclose(matrix.detach(), plain, rtol=1e-12)
