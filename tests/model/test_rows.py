"""One contract over the rows of all tables: stacked = vmapped = plain members; what is served is what was trained."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from foldproof import randomness
from foldproof.config.model import ActivationName, DropoutKindName, Model
from foldproof.config.networks import NormalisationName
from foldproof.data.preprocessing import Inputs, Preprocessing
from foldproof.data.statistics import Statistics
from foldproof.model import folded
from foldproof.model.build import build
from foldproof.model.dropout import Dropout
from foldproof.model.exported import ExportedModel, export
from foldproof.model.stacked import stack
from tests.model.one_by_one import assert_equals_the_members_one_by_one
from tests.training.setting import digits

MEMBERS, ROWS, SHAPE, OUTPUTS = 3, 5, (1, 8, 8), 10
SMALL: dict[str, Any] = {
    "mlp": {"hidden": [6, 4]},
    "cnn": {"channels": [4, 6], "hidden": 8},
    "residual": {"channels": [4, 6], "blocks": 2, "stochastic_depth": 0.5},
    "factory": "tests.model.own_network:plain",
    "group": {"groups": 2},
    "dropout": 0.3,
}
LISTED: dict[str, Any] = {
    "mlp": {"layers": [{"units": 6, "normalisation": "layer", "dropout": 0.1}, {"units": 4}]},
    "cnn": {"layers": [{"channels": 4, "dropout": 0.2, "pool": 2}, {"channels": 2, "kernel": 3, "padding": 0}]},
}
OF_TABLES: dict[str, dict[str, Any]] = {
    **{f"{name}": {"name": name} for name in ("linear", "mlp", "cnn", "residual", "factory")},
    "listed mlp": {"name": "mlp", **LISTED},
    **{f"listed cnn, {kind}": {"dropout_kind": kind, **LISTED} for kind in get_args(DropoutKindName)},
    "a network that is no chain": {"name": "factory", "factory": "tests.model.own_network:recurrent"},
    "a layer that is met again": {"name": "factory", "factory": "tests.model.own_network:repeating"},
    **{f"cnn, {row}": {"activation": row} for row in get_args(ActivationName)},  # after maps and after units
    **{
        f"{network}, {row}": {"name": network, key: row}
        for network in ("cnn", "residual")
        for key, names in (("normalisation", NormalisationName), ("dropout_kind", DropoutKindName))
        for row in get_args(names)
    },
    "residual, prelu": {"name": "residual", "activation": "prelu"},
}
every_row = pytest.mark.parametrize("name", OF_TABLES)


def sections(name: str) -> tuple[Model, list[torch.nn.Module]]:
    section = Model.model_validate({**SMALL, **OF_TABLES[name]})
    return section, [build(section, Inputs(SHAPE), OUTPUTS, randomness.key_of(member)) for member in range(MEMBERS)]


@pytest.mark.parametrize("training", [True, False])
@every_row
def test_stacked_members_are_the_plain_ones(name: str, training: bool) -> None:
    _, networks = sections(name)
    for number, network in enumerate(networks):
        network.double()
        for layer in network.modules():
            if isinstance(layer, Dropout):
                layer.rate *= 0.5 + number / 4
    rows = randomness.normal(torch.stack([randomness.key_of(7, member) for member in range(MEMBERS)]), (ROWS, *SHAPE))
    assert_equals_the_members_one_by_one(networks, rows, training)


@pytest.mark.parametrize("name", [name for name, row in OF_TABLES.items() if row.get("name") != "factory"])
def test_no_network_of_ours_needs_vmap(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its layers has a row in the table of folded layers, which is several times faster on a CPU."""
    stacked, matrix, buffers = stack(sections(name)[1])
    monkeypatch.delattr(folded, "by_vmap")
    keys = torch.stack([randomness.key_of(member) for member in range(MEMBERS)])
    assert stacked(matrix, buffers, torch.zeros(MEMBERS, ROWS, *SHAPE), keys).shape == (MEMBERS, ROWS, OUTPUTS)


@every_row
def test_what_is_served_is_what_was_trained(name: str, tmp_path: Path) -> None:
    """The oracle: each member's plain module in evaluation mode, and softmax."""
    dataset = digits(60)
    section, networks = sections(name)
    rows = np.asarray(dataset.features[:20])
    wanted = []
    for network in networks:
        with torch.no_grad():
            wanted.append(network.eval()(torch.from_numpy(rows).float()).softmax(-1).numpy())
    zero, one = np.zeros((MEMBERS, *SHAPE)), np.ones((MEMBERS, *SHAPE))
    statistics = Statistics(Preprocessing(Inputs(SHAPE)), {"center": zero, "scale": one})
    plan = {"threads": 1}
    model = export(dataset.schema, section, [{}] * MEMBERS, *stack(networks), statistics, plan, ["softmax"])
    model.save(tmp_path)
    found = ExportedModel.load(tmp_path).predict_members(rows)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
