"""Initial weights: mean and variance of 10^6 draws as stated, orthogonality, unit variance on a member's own rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from foldproof import randomness
from foldproof.config import Params
from foldproof.config.model import InitializerName, Model
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import Inputs
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import fit_statistics
from foldproof.model.activations import ACTIVATIONS
from foldproof.model.build import build
from foldproof.model.initializers import INITIALIZERS, Fan, initialize, scale_to_unit_variance
from foldproof.training.members import FIRST_ROWS, make_population
from foldproof.training.population import Population
from tests.training.setting import digits, params, split_of

KEY = randomness.key_of(0, 0, 0)
IN, OUT, GAIN, SCALE = 2000, 500, 1.5, 0.03
FAN = Fan(4, 4, lambda: 1.0, 1.0)
VARIANCES: dict[str, float] = {
    "zeros": 0.0,
    **dict.fromkeys(("small_random", "small_random_uniform"), SCALE**2),
    **dict.fromkeys(("lecun", "lecun_uniform"), 1 / IN),
    **dict.fromkeys(("glorot", "glorot_uniform"), 2 / (IN + OUT)),
    **dict.fromkeys(("he", "he_uniform"), 2 / IN),
    **dict.fromkeys(("orthogonal", "lsuv"), GAIN**2 / IN),
}


def initialized(layer: nn.Module, name: InitializerName) -> Any:
    initialize(layer, INITIALIZERS[name].draw, KEY, lambda: GAIN, SCALE)
    return layer


def test_the_table_holds_what_the_params_name() -> None:
    assert set(INITIALIZERS) == set(get_args(InitializerName)) == set(VARIANCES)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_weights_have_the_stated_mean_and_variance(name: InitializerName) -> None:
    layer = initialized(nn.Linear(IN, OUT).double(), name)
    weights = layer.weight.detach().numpy().ravel()  # 10^6 draws
    wanted = VARIANCES[name]
    assert abs(weights.mean()) <= 5 * np.sqrt(wanted / 1e6)
    assert weights.var() == pytest.approx(wanted, rel=0.01)
    assert not layer.bias.detach().any()
    if wanted:
        shape = stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)) if name.endswith("uniform") else stats.norm()
        assert stats.kstest(weights[:50_000] / np.sqrt(wanted), shape.cdf).pvalue > 1e-3


def test_a_convolution_counts_its_kernels_area() -> None:
    layer = initialized(nn.Conv2d(16, 32, 5).double(), "glorot")
    assert layer.weight.detach().var().item() == pytest.approx(2 / (16 * 25 + 32 * 25), rel=0.05)


@pytest.mark.parametrize(("n_in", "n_out"), [(7, 4), (4, 7), (5, 5)])
def test_orthogonal_rows_or_columns_have_the_length_of_the_gain(n_in: int, n_out: int) -> None:
    weight = initialized(nn.Linear(n_in, n_out).double(), "orthogonal").weight.detach()
    product = weight @ weight.T if n_out <= n_in else weight.T @ weight
    assert torch.allclose(product, GAIN**2 * torch.eye(min(n_in, n_out), dtype=torch.float64))


def test_rotations_are_equally_likely() -> None:
    """The trace of a random rotation of n axes has mean 0 and variance 1 (Diaconis & Shahshahani 1994)."""
    draws = [
        INITIALIZERS["orthogonal"].draw(randomness.key_of(seed), (4, 4), FAN).trace().item() for seed in range(1000)
    ]
    assert abs(np.mean(draws)) < 0.15
    assert np.var(draws) == pytest.approx(1, abs=0.2)


def test_filters_are_orthogonal_over_all_their_inputs() -> None:
    weight = initialized(nn.Conv2d(3, 8, 3).double(), "orthogonal").weight.detach().flatten(1)
    assert torch.allclose(weight @ weight.T, GAIN**2 * torch.eye(8, dtype=torch.float64))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_auto_follows_the_activation(name: Any) -> None:
    """He for those that lose about half of a signal, LeCun for SELU, which normalises itself, Glorot else."""
    wanted = {"selu": "lecun"} | dict.fromkeys(("relu", "leaky_relu", "prelu", "elu", "gelu", "silu"), "he")
    section = {"name": "mlp", "activation": name, "mlp": {"hidden": [6]}}
    named = {**section, "initializer": wanted.get(name, "glorot")}
    auto, other = (build(Model.model_validate(one), Inputs((5,)), 2, KEY) for one in (section, named))
    assert all(torch.equal(*pair) for pair in zip(auto.parameters(), other.parameters(), strict=True))


def test_with_zeros_all_units_of_a_layer_stay_the_same() -> None:
    section = {"name": "mlp", "activation": "sigmoid", "initializer": "zeros", "normalisation": "none", "dropout": 0.0}
    network = build(Model.model_validate({**section, "mlp": {"hidden": [6, 4]}}), Inputs((5,)), 3, KEY).eval()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    rows, targets = torch.rand(20, 5, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 3
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(rows), targets).backward()
        optimizer.step()
    first, second = (p.detach() for name, p in network.named_parameters() if name in ("1.weight", "4.weight"))
    assert second.any()
    assert torch.allclose(first, first[:1].expand_as(first))
    assert torch.allclose(second, second[:1, :1].expand_as(second))


def outputs_of_affine_layers(network: nn.Module, rows: torch.Tensor) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda _layer, _inputs, outputs: found.append(outputs))
        for layer in network.modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    with torch.no_grad():
        network.double().eval()(rows)
    for hook in hooks:
        hook.remove()
    return found


LSUV: dict[str, Callable[[], dict[str, Any]]] = {
    "mlp": lambda: {"name": "mlp", "normalisation": "none", "mlp": {"hidden": [9] * 6}},
    "cnn": lambda: {"name": "cnn", "cnn": {"channels": [4, 6], "hidden": 8}},
    "residual": lambda: {"name": "residual", "residual": {"channels": [4, 6], "blocks": 1}},
    "dropconnect": lambda: {"name": "mlp", "dropout_kind": "dropconnect", "mlp": {"hidden": [9, 9]}},
}


@pytest.mark.parametrize("name", LSUV)
def test_lsuv_gives_every_layer_unit_variance_on_the_members_own_training_rows(name: str) -> None:
    dataset, chosen, split = job(LSUV[name]())
    population = populated(dataset, chosen, split)
    for index in range(2):
        key = population.keys[index]
        network = build(chosen.model, Inputs(dataset.schema.shape), 10, key)
        state = {one: value[index] for one, value in population.network.layout.unfold(population.matrix).items()}
        network.load_state_dict(state, strict=False)
        training = np.asarray(dataset.features)[split.rows(index, Role.TRAINING)].astype(np.float64)
        assert len(training) <= FIRST_ROWS, "all of a member's training rows are used"
        deviation = training.std(0)
        rows = (training - training.mean(0)) / np.where(deviation == 0, 1, deviation)
        found = outputs_of_affine_layers(network, torch.from_numpy(rows))
        assert [one.var(correction=0).item() for one in found] == pytest.approx([1.0] * len(found), rel=1e-5)


def test_lsuv_looks_at_no_other_rows() -> None:
    dataset, chosen, split = job(LSUV["mlp"]())
    own = split.rows(0, Role.TRAINING)
    others = np.setdiff1d(np.arange(len(dataset.features)), own)
    features = np.array(dataset.features)
    features[others] = 255
    garbage = populated(replace(dataset, features=features), chosen, split)
    clean = populated(dataset, chosen, split)
    assert torch.equal(garbage.matrix[0], clean.matrix[0])
    assert not torch.equal(garbage.matrix[1], clean.matrix[1])


def test_lsuv_leaves_a_dead_layer_and_the_hooks_of_others_alone() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    network[0].register_forward_hook(lambda _layer, _inputs, outputs: outputs * 0)
    initialize(network, INITIALIZERS["orthogonal"].draw, KEY, lambda: 1.0, 1.0)
    scale_to_unit_variance(network, torch.rand(10, 3))
    assert all(p.isfinite().all() for p in network.parameters())
    assert [len(layer._forward_hooks) for layer in network] == [1, 0, 0]


def job(model: dict[str, Any]) -> tuple[Dataset, Params, Split]:
    chosen = params(
        split={"folds": 2},
        preprocess={"center": "feature", "scale": "feature"},
        model={"initializer": "lsuv", **model},
        train={"batch_size": 16, "accelerator": "cpu"},
    )
    dataset = digits(200)
    return dataset, chosen, split_of(dataset, chosen)


def populated(dataset: Dataset, chosen: Params, split: Split) -> Population:
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    return make_population(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)
