"""Planted faults are legal settings that are broken as they say, and name checks and keys that there are."""

from collections import Counter
from contextlib import suppress

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.planted_faults import losses, networks
from benchmarks.planted_faults.case import Case, Setting
from benchmarks.planted_faults.cases import CASES
from benchmarks.planted_faults.healthy import HEALTHY
from benchmarks.planted_faults.setting import merged, subject_of
from foldproof.config.check import Check
from foldproof.config.closed import Closed
from foldproof.config.params import Params
from foldproof.training.losses import LOSSES, RowLosses

FEWEST = 26
every_setting = pytest.mark.parametrize("setting", [*CASES, *HEALTHY], ids=lambda one: one.name)


@every_setting
def test_it_is_a_legal_setting(setting: Setting) -> None:
    """What is broken is for checks to find, not for params to refuse."""
    with np.errstate(invalid="ignore"):  # some rows are not finite, on purpose
        subject = subject_of(setting.dataset(), setting.changes)
        assert len(subject.inputs(subject.rows)) == len(subject.rows) > 0


def test_cases_are_enough_and_either_half_has_its_share() -> None:
    assert len(CASES) >= FEWEST
    assert len({case.name for case in CASES}) == len(CASES)
    assert min(Counter(case.half for case in CASES).values()) >= FEWEST // 2


def test_halves_are_what_the_hash_of_the_name_says() -> None:
    """Oracle: the SHA-256 of `abc`, FIPS 180-2 appendix B.1, ends in ad, so that it is odd."""
    one = CASES[0]
    assert Case("abc", one.dataset, {}, one.found_by, one.advised).half == "sealed"


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_its_checks_and_keys_are_there(case: Case) -> None:
    assert case.found_by <= Check.model_fields.keys()
    assert all(_is_key(key) for key in case.advised)
    assert case.found_by
    assert case.advised


def _is_key(dotted: str) -> bool:
    section: type[Closed] = Params
    *blocks, last = dotted.split(".")
    for block in blocks:
        found = section.model_fields[block].annotation
        assert isinstance(found, type)
        assert issubclass(found, Closed)
        section = found
    return last in section.model_fields


@pytest.mark.parametrize(
    "wrong", [losses.label_forgotten_in_the_gradient, losses.gradient_a_little_too_large], ids=lambda one: one.__name__
)
def test_a_loss_of_wrong_gradient_has_the_right_value(wrong: RowLosses) -> None:
    """Oracle: torch's own cross-entropy and its gradient."""
    targets = torch.tensor([[0, 2, 1]])
    outputs = torch.linspace(-1, 2, 9, dtype=torch.float64).reshape(1, 3, 3).requires_grad_()
    found = wrong(outputs, targets, {})
    right = F.cross_entropy(outputs[0], targets[0], reduction="none")
    torch.testing.assert_close(found[0], right)
    (gradient,) = torch.autograd.grad(found.sum(), outputs)
    (expected,) = torch.autograd.grad(right.sum(), outputs)
    assert not torch.allclose(gradient, expected, rtol=1e-3)


def test_a_planted_loss_is_gone_afterwards() -> None:
    sound = LOSSES["cross_entropy"]["classification"]
    with suppress(KeyError), losses.in_place_of_cross_entropy(losses.sign_forgotten):
        assert LOSSES["cross_entropy"]["classification"].of_rows is losses.sign_forgotten
        raise KeyError
    assert LOSSES["cross_entropy"]["classification"] is sound


ROWS = torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def passed(network: nn.Module, rows: Tensor = ROWS) -> list[Tensor]:
    """What each layer says of the rows."""
    found = []
    for layer in network.children():
        rows = layer(rows)
        found.append(rows)
    return found


def test_networks_are_wrong_as_they_say() -> None:
    torch.testing.assert_close(passed(networks.softmax_at_the_end((1, 8, 8), 10))[-1].sum(1), torch.ones(40))
    ends = passed(networks.sigmoid_at_the_end((1, 8, 8), 10))[-1]
    assert 0 < float(ends.min()) < float(ends.max()) < 1
    assert float(passed(networks.relu_at_the_end((1, 8, 8), 10))[-1].min()) == 0
    assert not passed(networks.deep_bias((1, 8, 8), 10))[2].any()
    first, second = (passed(networks.second_layer_dead((1, 8, 8), 10))[place] for place in (2, 4))
    assert first.any()
    assert not second.any()
    units = passed(networks.equal_weights((1, 8, 8), 10))[1]
    torch.testing.assert_close(units, units[:, :1].expand_as(units))
    said = passed(networks.rows_forgotten((1, 8, 8), 10))[-1]
    assert torch.equal(said, said[:1].expand_as(said))
    detached = networks.detached((1, 8, 8), 10)
    detached(ROWS).sum().backward()
    assert [name for name, weights in detached.named_parameters() if weights.grad is None] == ["1.weight", "1.bias"]


def test_the_wrong_slope_is_that_of_another_function() -> None:
    """Oracle: central differences; at 0 the slope of tanh is 1, that of the sigmoid of its output 0."""
    signal = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    activation = networks.wrong_backward((4,), 2)[2]
    assert torch.equal(activation(signal), signal.tanh())
    (gradient,) = torch.autograd.grad(activation(signal).sum(), signal)
    assert not gradient.any()


def test_blocks_are_merged_at_any_depth() -> None:
    assert merged({"a": {"b": {"c": 1, "d": 2}}, "e": 3}, {"a": {"b": {"d": 4}}, "f": {"g": 5}}) == {
        "a": {"b": {"c": 1, "d": 4}},
        "e": 3,
        "f": {"g": 5},
    }
