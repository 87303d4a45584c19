"""Schedules against the list of rates that their formula gives in numpy, and against torch's where it has one."""

from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim import lr_scheduler

from foldproof.config.schedule import ReduceOnPlateau, Schedule, ScheduleName
from foldproof.errors import ConfigError
from foldproof.training.plateau import Plateau
from foldproof.training.schedules import SCHEDULES, factor_of_epochs

LENGTH = 12
TIMES = np.arange(0, LENGTH, 0.25)  # four steps an epoch
BLOCKS: dict[str, dict[str, Any]] = {
    "constant": {},
    "step": {"every_epochs": 2, "factor": 0.5},
    "exponential": {"decay_per_epoch": 0.1},
    "inverse_time": {"decay_per_epoch": 0.2},
    "polynomial": {"power": 2.0, "end": 0.1},
    "cosine": {"end": 0.05},
    "cosine_restarts": {"cycle_epochs": 3, "multiplier": 2, "end": 0.01},
    "one_cycle": {"rise_share": 0.25, "start": 0.1, "end": 0.001},
    "plateau": {},
}


def half_cosine(start: float, end: float, share: Any) -> Any:
    return end + (start - end) * (1 + np.cos(np.pi * share)) / 2


FORMULAS: dict[str, Any] = {
    "constant": np.ones_like(TIMES),
    "step": 0.5 ** np.floor(TIMES / 2),
    "exponential": np.exp(-0.1 * TIMES),
    "inverse_time": 1 / (1 + 0.2 * TIMES),
    "polynomial": 0.1 + 0.9 * (1 - TIMES / LENGTH) ** 2,
    "cosine": half_cosine(1, 0.05, TIMES / LENGTH),
    "cosine_restarts": np.where(
        TIMES < 3,
        half_cosine(1, 0.01, TIMES / 3),
        np.where(TIMES < 9, half_cosine(1, 0.01, (TIMES - 3) / 6), half_cosine(1, 0.01, (TIMES - 9) / 12)),
    ),
    "one_cycle": np.where(TIMES < 3, half_cosine(0.1, 1, TIMES / 3), half_cosine(1, 0.001, (TIMES - 3) / 9)),
    "plateau": np.ones_like(TIMES),
}
# The same by torch, a step an epoch; OneCycleLR puts its turns on the first and last step.
TORCH: dict[str, Any] = {
    "step": lambda o: lr_scheduler.StepLR(o, 2, 0.5),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, float(np.exp(-0.1))),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, LENGTH, 2.0),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, LENGTH, 0.05),
    "cosine_restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(
        o, 1.0, LENGTH + 1, pct_start=4 / 13, div_factor=10, final_div_factor=100, cycle_momentum=False
    ),
}


def schedule(name: str, **more: Any) -> Schedule:
    return Schedule.model_validate({"name": name, name: BLOCKS[name], **more})


def test_every_name_of_the_params_is_a_row_of_its_table() -> None:
    assert set(SCHEDULES) == set(get_args(ScheduleName)) == set(FORMULAS) <= set(Schedule.model_fields)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_the_list_of_its_formula(name: ScheduleName) -> None:
    factor = factor_of_epochs(schedule(name), LENGTH)
    np.testing.assert_allclose([factor(time) for time in TIMES], FORMULAS[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", TORCH)
def test_a_schedule_is_torchs(name: str) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0)
    theirs = TORCH[name](optimizer)
    block = {"polynomial": {"power": 2.0}}.get(name, BLOCKS[name])
    factor = factor_of_epochs(schedule(name, **{name: block}), LENGTH)
    for epoch in range(LENGTH):
        assert factor(epoch) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("name", SCHEDULES)
@given(warmup=st.floats(0.25, 5), step=st.integers(0, 200))
def test_warm_up_leads_in_a_straight_line_to_the_schedule_which_then_takes_the_time_left(
    name: str, warmup: float, step: int
) -> None:
    factor = factor_of_epochs(schedule(name, warmup_epochs=warmup), LENGTH)
    time = step * LENGTH / 200
    start = FORMULAS[name][0]
    if time < warmup:
        assert factor(time) == pytest.approx(start * (0.01 + 0.99 * time / warmup), rel=1e-9)
    else:
        alone = SCHEDULES[name].factor(time - warmup, getattr(schedule(name), name), LENGTH - warmup)  # type: ignore[index]
        assert factor(time) == alone


def test_warm_up_is_torchs_linear_one() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0)
    theirs = lr_scheduler.LinearLR(optimizer, 0.01, 1.0, total_iters=8)
    factor = factor_of_epochs(schedule("constant", warmup_epochs=2.0), LENGTH)
    for step in range(12):
        assert factor(step / 4) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        theirs.step()


def test_warm_up_must_leave_time_to_train() -> None:
    with pytest.raises(ConfigError, match=r"train\.schedule\.warmup_epochs: found 3, legal: fewer than the 3"):
        factor_of_epochs(schedule("cosine", warmup_epochs=3.0), 3)


@pytest.mark.parametrize(
    ("name", "block", "times"),
    [
        ("step", {"every_epochs": 5, "factor": 2.0}, "4 times"),
        ("polynomial", {"end": 100.0}, "100 times"),
        ("cosine", {"end": 1.5}, "1.5 times"),
        ("one_cycle", {"start": 0.01, "end": 0.5}, "50 times"),
    ],
)
def test_a_rate_that_ends_above_its_start_must_say_so(name: str, block: dict[str, Any], times: str) -> None:
    with pytest.raises(ConfigError, match=rf"train\.schedule\.{name}: found .*{times} its start, legal: at most"):
        factor_of_epochs(schedule(name, **{name: block}), LENGTH)
    factor = factor_of_epochs(schedule(name, rising=True, **{name: block}), LENGTH)
    assert factor(LENGTH) > factor(0)


def test_a_plateau_is_torchs_for_every_member() -> None:
    draws = np.random.RandomState(0)
    losses = 1 / np.arange(1, 61)[:, None] * [1, 0, 1] + draws.uniform(size=(60, 3)) * [0, 1, 0.1]
    reduction = ReduceOnPlateau(factor=0.3, patience=3, smallest=0.02)
    optimizers = [torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0) for _ in range(3)]
    theirs = [  # torch counts the epochs that are let pass, not the one that makes the rate fall
        lr_scheduler.ReduceLROnPlateau(one, factor=0.3, patience=2, threshold=0, min_lr=0.02, eps=0)
        for one in optimizers
    ]
    ours = Plateau.start(3)
    for row in losses:
        ours = ours.after(torch.from_numpy(row), reduction)
        for scheduler, loss in zip(theirs, row, strict=True):
            scheduler.step(loss)
        assert ours.factor.tolist() == pytest.approx([one.param_groups[0]["lr"] for one in optimizers])
    assert ours.factor[0] == 1, "a member that always improves keeps its rate"
    assert (ours.factor[1:] == 0.02).all(), "nobody's falls below the smallest"


def test_a_plateau_without_a_member_is_that_of_the_others() -> None:
    reduction = ReduceOnPlateau(patience=2)
    losses = torch.tensor([[1.0, 2.0, 3.0], [1.1, 1.9, 3.1], [1.2, 2.5, 3.2], [0.9, 2.6, 3.3]], dtype=torch.float64)
    whole = Plateau.start(3)
    for row in losses[:2]:
        whole = whole.after(row, reduction)
    part = whole.select(torch.tensor([0, 2]))
    for row in losses[2:]:
        whole, part = whole.after(row, reduction), part.after(row[[0, 2]], reduction)
    assert all(torch.equal(value[[0, 2]], part.tensors()[name]) for name, value in whole.tensors().items())
