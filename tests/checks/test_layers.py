"""What layers put out, and the gradients that reach them, are those of plain torch; what is amiss is told."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from foldproof.checks.finding import Finding
from foldproof.checks.table import CHECKS, check
from foldproof.model.observed import BOUNDED, dead_share, end_share, observe
from foldproof.model.stacked import stack
from tests.checks.subjects import found, subject
from tests.training.setting import digits

DIGITS = digits(200)


def looked_at(check: str, **model: Any) -> Finding:
    plain = {"name": "mlp", "mlp": {"hidden": [20, 16]}, "normalisation": "none", "dropout": 0.0}
    return found(check, subject(DIGITS, model={**plain, **model}))


def figure(finding: Finding) -> dict[str, float]:
    return dict(zip(finding.figures["labels"], finding.figures["values"], strict=True))


def test_each_member_is_observed_as_its_network_alone_would_be() -> None:
    networks = [nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU()) for _ in range(3)]
    rows = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 40, 2, 3))).float()
    stacked, matrix, buffers = stack(networks)
    before = {name: value.clone() for name, value in buffers.items()}

    def look(_: nn.Module, outputs: Tensor) -> dict[str, Tensor]:
        return {"mean": outputs.mean(), "dead": dead_share(outputs)}

    seen = observe(stacked, matrix, buffers, rows, look)
    for member, network in enumerate(networks):
        alone = network.to_empty(device="cpu") if network[1].weight.is_meta else network
        with torch.no_grad():
            for own, value in zip(alone.parameters(), stacked.layout.unfold(matrix).values(), strict=True):
                own.copy_(value[member])
        fresh = nn.BatchNorm1d(5)
        fresh.load_state_dict({**fresh.state_dict(), "weight": alone[2].weight, "bias": alone[2].bias})
        wanted = fresh(alone[1](rows[member].flatten(1)))
        torch.testing.assert_close(seen["2 (BatchNorm1d)"]["mean"][member], wanted.mean().detach())
        dead = (wanted.relu() == 0).all(0).double().mean()
        torch.testing.assert_close(seen["3 (ReLU)"]["dead"][member], dead)
    assert all(torch.equal(buffers[name], value) for name, value in before.items())


def test_shares_by_hand() -> None:
    outputs = torch.tensor([[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    assert dead_share(outputs) == pytest.approx(1 / 3)
    maps = torch.zeros(2, 2, 3, 3)
    maps[1, 1, 2, 2] = 1.0
    assert dead_share(maps) == pytest.approx(0.5)
    ends = BOUNDED[nn.Tanh]
    assert end_share(torch.tensor([-0.99, -0.95, 0.0, 0.97]), ends, 0.02) == pytest.approx(0.5)


def test_healthy_layers_are_fine() -> None:
    checks = ("signals", "dead_units", "gradient_flow", "symmetry")
    assert [looked_at(check).status for check in checks] == ["ok"] * 4
    assert looked_at("saturated_units").status == "not applicable"
    assert looked_at("saturated_units", activation="tanh").status == "ok"
    assert looked_at("dead_units", activation="tanh").status == "not applicable"


def test_dead_units_are_found() -> None:
    finding = looked_at("dead_units", name="factory", factory="tests.checks.wrong_networks:dead")
    assert finding.status == "warning"
    assert figure(finding) == {"layer 2 (ReLU)": 1.0}
    assert finding.advice[0].key == "model.factory"


def test_saturated_units_are_found() -> None:
    finding = looked_at("saturated_units", activation="tanh", initializer="small_random", initial_scale=3.0)
    assert finding.status == "warning"
    assert {one.key for one in finding.advice} >= {"model.initializer"}


def test_signals_that_die_and_signals_that_explode() -> None:
    deep = {"mlp": {"hidden": [16] * 12}}
    faint = looked_at("signals", activation="sigmoid", **deep)
    assert faint.status == "warning"
    assert list(figure(faint).values())[-1] < 1e-3
    loud = looked_at("signals", initializer="small_random", initial_scale=3.0, **deep)
    assert loud.status == "warning"
    assert max(figure(loud).values()) > 100


def test_a_gradient_that_vanishes_and_one_that_explodes() -> None:
    deep = {"mlp": {"hidden": [16] * 12}}
    vanishing = looked_at("gradient_flow", activation="sigmoid", **deep)
    assert vanishing.status == "warning"
    assert vanishing.advice[0].key == "model.activation"
    sizes = list(figure(vanishing).values())
    assert sizes[0] < 1e-4 * sizes[-1]
    assert all(np.diff(np.log(sizes)) > 0)  # from layer to layer
    shrinking = {"mlp": {"hidden": [16] * 12}, "activation": "linear", "initializer": "small_random"}
    assert looked_at("gradient_flow", initial_scale=0.5, **shrinking).status == "ok"


def test_symmetry_is_found_where_all_weights_are_equal_and_nowhere_else() -> None:
    finding = looked_at("symmetry", initializer="zeros")
    assert finding.status == "error"
    assert finding.advice[0].key == "model.initializer"
    assert looked_at("symmetry", name="linear", initializer="zeros").status == "ok"  # outputs differ by their targets


def test_networks_of_any_form_are_looked_at() -> None:
    """Layers that put out more than one tensor are passed over; one that is called twice is seen twice."""
    factory = {"name": "factory", "factory": "tests.checks.wrong_networks:branched"}
    dead = looked_at("dead_units", **factory)
    assert figure(dead) == {"layer relu (ReLU)": 0.0, "layer relu (ReLU), call 2": 1.0}
    one = subject(DIGITS, model=factory, train={"epochs": 3})
    found_of_it = {finding.check: finding.status for finding in check(one)}
    assert found_of_it.keys() == CHECKS.keys()
    assert "dead_units" in {name for name, status in found_of_it.items() if status in ("warning", "error")}
