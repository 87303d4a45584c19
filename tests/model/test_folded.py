"""Layers on folded rows against the same layers one member after another, values, gradients and running averages."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from foldproof import randomness
from foldproof.model.dropout import AlphaDropout, DropConnect, Dropout, SpatialDropout, StochasticDepth
from foldproof.model.embedding import Embedded
from foldproof.model.folded import FOLDED, pooled_first
from foldproof.model.layers import Maxout, Mean2d, ResidualBlock
from foldproof.model.linear import stacked_linear
from foldproof.model.stacked import StackedNetwork, stack
from tests.model.one_by_one import assert_equals_the_members_one_by_one

MEMBERS, ROWS = 3, 7
IMAGE, TABLE = (2, 4, 6), (5,)


class Doubled(nn.Module):
    """A layer that foldproof does not know, with weights and an average of its own, and which draws."""

    def __init__(self, units: int = 5) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(units))
        self.dropout = Dropout(0.3, "doubled")

    def forward(self, rows: Tensor) -> Tensor:
        scale = self.scale.reshape(-1, *(1,) * (rows.dim() - 2))
        return self.dropout(rows * scale) * 2  # type: ignore[no-any-return]


class Branching(nn.Module):
    """A network that is no chain."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5), nn.Tanh())

    def forward(self, rows: Tensor) -> Tensor:
        return rows + self.inner(rows)  # type: ignore[no-any-return]


def residual() -> nn.Module:
    branch = nn.Sequential(nn.GroupNorm(1, 2), nn.ReLU(), nn.Conv2d(2, 4, 3, padding=1), StochasticDepth(0.4, "one"))
    inner = ResidualBlock(nn.Identity(), nn.Sequential(nn.Conv2d(4, 4, 1), SpatialDropout(0.3, "two"), Doubled(4)))
    return nn.Sequential(ResidualBlock(nn.Conv2d(2, 4, 1), branch), nn.BatchNorm2d(4), inner, Mean2d())


ELEMENT_WISE: dict[str, Callable[[], nn.Module]] = {
    **{one.__name__: one for one in (nn.Sigmoid, nn.Tanh, nn.Hardtanh, nn.ReLU, nn.LeakyReLU, nn.SELU, nn.GELU)},
    **{one.__name__: one for one in (nn.SiLU, nn.Softplus, nn.Identity, nn.PReLU)},
    "ELU of 2": partial(nn.ELU, 2.0),
    "PReLU of 4": partial(nn.PReLU, 4),
    "Maxout": partial(Maxout, 2),
}


def followed(layer: Callable[[], nn.Module], by: Callable[[], nn.Module]) -> nn.Module:
    return nn.Sequential(layer(), by())


def sharing() -> nn.Module:
    first, second = nn.Linear(5, 5), nn.Linear(5, 5)
    second.weight = first.weight
    return nn.Sequential(first, nn.Tanh(), second)


def weights_twice() -> nn.Module:
    layer = nn.Linear(5, 5)
    return nn.Sequential(layer, nn.Tanh(), layer)


def hooked() -> nn.Module:
    layer = nn.Linear(5, 5)
    layer.register_forward_hook(lambda _module, _inputs, outputs: outputs + 1)
    return nn.Sequential(layer)


def repeated() -> nn.Module:
    activation = nn.Tanh()
    return nn.Sequential(nn.Linear(5, 4), activation, nn.Linear(4, 3), activation)


def with_embeddings(places: int) -> nn.Module:
    """Of a row's columns one is a number, the others codes of two tables."""
    front = Embedded([torch.rand(codes, 2 + codes) for codes in (3, 4)])
    return nn.Sequential(front, nn.Linear(places * (1 + 5 + 6), 3))


NETWORKS: dict[str, tuple[tuple[int, ...], Callable[[], nn.Module]]] = {
    "flatten": (IMAGE, lambda: nn.Sequential(nn.Flatten(), nn.Linear(48, 3))),
    "flatten in part": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 3, 1), nn.Flatten(2))),
    "linear": (TABLE, lambda: nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3, bias=False), nn.Linear(3, 2))),
    "nested": (TABLE, lambda: nn.Sequential(nn.Sequential(nn.Linear(5, 4), nn.Sequential(nn.Tanh())), nn.Linear(4, 2))),
    "norm 1d": (TABLE, lambda: nn.Sequential(nn.BatchNorm1d(5), nn.Sigmoid(), nn.BatchNorm1d(5, momentum=0.3))),
    "norm of one unit": (TABLE, lambda: nn.Sequential(nn.Linear(5, 1), nn.BatchNorm1d(1), nn.Linear(1, 2))),
    "norm of one channel, then relu": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 1, 1), nn.BatchNorm2d(1), nn.ReLU())),
    "norm 2d": (IMAGE, lambda: nn.Sequential(nn.BatchNorm2d(2), nn.ReLU())),
    "norm of one channel": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 1, 1), nn.BatchNorm2d(1), nn.MaxPool2d(2))),
    "norm without averages": (TABLE, lambda: nn.Sequential(nn.BatchNorm1d(5, track_running_stats=False))),
    "convolution": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 6, 3, groups=2))),
    "reflecting": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"))),
    "pooling": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.MaxPool2d(2), nn.AvgPool2d(2))),
    "mean": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 3, 1), Mean2d(), nn.Linear(3, 2))),
    "dropout": (TABLE, lambda: nn.Sequential(Dropout(0.4, "one"), nn.Linear(5, 3), Dropout(0.2, "two"))),
    "dropout of images": (IMAGE, lambda: nn.Sequential(Dropout(0.4, "one"), nn.Conv2d(2, 3, 1))),
    "spatial dropout": (IMAGE, lambda: nn.Sequential(SpatialDropout(0.4, "one"), nn.Conv2d(2, 3, 1))),
    "spatial dropout of a table": (TABLE, lambda: nn.Sequential(SpatialDropout(0.4, "one"), nn.Linear(5, 3))),
    "stochastic depth": (IMAGE, lambda: nn.Sequential(StochasticDepth(0.4, "one"), nn.Conv2d(2, 3, 1))),
    "alpha dropout": (IMAGE, lambda: nn.Sequential(AlphaDropout(0.4, "one"), nn.Conv2d(2, 3, 1))),
    "dropconnect": (TABLE, lambda: nn.Sequential(DropConnect(nn.Linear(5, 4), 0.4, "one"), nn.Tanh(), nn.Linear(4, 3))),
    "dropconnect of filters": (IMAGE, lambda: nn.Sequential(DropConnect(nn.Conv2d(2, 4, 3), 0.4, "one"))),
    "group norm": (IMAGE, lambda: nn.Sequential(nn.Conv2d(2, 6, 1), nn.GroupNorm(3, 6), nn.GroupNorm(1, 6))),
    "group norm of a table": (TABLE, lambda: nn.Sequential(nn.Linear(5, 6), nn.GroupNorm(2, 6), nn.GroupNorm(1, 6))),
    "group norm without scale": (TABLE, lambda: nn.Sequential(nn.Linear(5, 6), nn.GroupNorm(2, 6, affine=False))),
    "residual": (IMAGE, residual),
    **{
        f"{name} of {kind}": (shape, partial(followed, layer, make))
        for name, make in ELEMENT_WISE.items()
        for kind, shape, layer in (
            ("maps", IMAGE, partial(nn.Conv2d, 2, 4, 1)),
            ("units", TABLE, partial(nn.Linear, 5, 4)),
        )
    },
    "unknown layer": (TABLE, lambda: nn.Sequential(nn.Linear(5, 5), Doubled(), nn.Tanh())),
    "no chain": (TABLE, Branching),
    "embeddings": ((3,), lambda: with_embeddings(1)),
    "embeddings of a window": ((5, 3), lambda: with_embeddings(5)),
    "shared weights": (TABLE, sharing),
    "weights twice": (TABLE, weights_twice),
    "hooks": (TABLE, hooked),
    "one layer twice": (TABLE, repeated),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_equals_the_members_one_by_one(name: str, training: bool) -> None:
    shape, make = NETWORKS[name]
    torch.manual_seed(3)
    networks = [make().double() for _ in range(MEMBERS)]
    for number, network in enumerate(networks):
        for layer in network.modules():
            if isinstance(layer, Dropout | DropConnect):
                layer.rate *= 0.5 + number / 4
    rows = torch.rand(MEMBERS, ROWS, *shape, dtype=torch.float64) - 0.5
    if "embeddings" in name:
        rows = (rows.abs() * 5.9).floor()  # codes 0, 1, 2
    assert_equals_the_members_one_by_one(networks, rows, training)


def test_every_row_of_the_table_is_tested() -> None:
    tested = {type(layer) for _, make in NETWORKS.values() for layer in make().modules()}
    assert set(FOLDED) <= tested


def test_a_weight_that_is_not_used_has_no_gradient_left_over() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(2, 2), nn.Linear(2, 3)

        def forward(self, rows: Tensor) -> Tensor:
            return self.used(rows)  # type: ignore[no-any-return]

    network, matrix, buffers = stack([Idle(), Idle()])
    matrix.requires_grad_()
    network(matrix, buffers, torch.ones(2, 4, 2), torch.zeros(2, 2, dtype=torch.int32)).sum().backward()
    assert matrix.grad is not None
    assert (matrix.grad[:, :6] != 0).all()
    assert (matrix.grad[:, 6:] == 0).all()


def test_gradients_of_several_passes_add_up() -> None:
    network, matrix, buffers = stack([nn.Sequential(nn.Linear(2, 2)) for _ in range(2)])
    matrix.requires_grad_()
    rows, keys = torch.rand(2, 4, 2), torch.zeros(2, 2, dtype=torch.int32)
    network(matrix, buffers, rows, keys).sum().backward()
    assert matrix.grad is not None
    once = matrix.grad.clone()
    network(matrix, buffers, rows, keys).sum().backward()
    assert torch.equal(matrix.grad, 2 * once)


def test_a_second_backward_through_one_forward_is_refused() -> None:
    """The first one's gradient lies where the second would write."""
    network, matrix, buffers = stack(
        [nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)) for _ in range(MEMBERS)]
    )
    outputs = network(
        matrix.requires_grad_(), buffers, torch.rand(MEMBERS, ROWS, 5), torch.zeros(MEMBERS, 2, dtype=torch.int32)
    )
    outputs[0].sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        outputs[1].sum().backward()


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.999])
def test_what_dropout_keeps_is_scaled_by_the_chance_to_be_kept(rate: float) -> None:
    keys = torch.stack([randomness.key_of(member) for member in range(MEMBERS)])
    chance = 1 - randomness.rounded(torch.tensor(rate)).item()
    layer = Dropout(rate, "here")
    rates, network = layer.rate.repeat(MEMBERS), StackedNetwork(nn.Sequential(layer))
    outputs = network(torch.zeros(MEMBERS, 0), {"0.rate": rates}, torch.ones(MEMBERS, 40, 50), keys)
    assert set(outputs.unique().tolist()) <= {0.0, torch.tensor(1 / chance).item()}


def test_pooling_before_relu_gives_the_same_bits() -> None:
    rows = (torch.randint(-3, 4, (4, 3, 6, 6)) / 2).requires_grad_()  # ties, also of zeros
    layers: list[tuple[str, nn.Module]] = [("a", nn.ReLU()), ("b", nn.MaxPool2d(2)), ("c", nn.ReLU())]
    found: list[Any] = []
    assert [name for name, _ in pooled_first(layers)] == ["b", "a", "c"]
    for order in (layers, pooled_first(layers)):
        outputs = rows
        for _, layer in order:
            outputs = layer(outputs)
        found += [outputs, torch.autograd.grad((outputs * torch.arange(9.0).reshape(3, 3)).sum(), rows)[0]]
    assert torch.equal(found[0], found[2])
    assert torch.equal(found[1], found[3])


@pytest.mark.parametrize("into", [True, False])
def test_linear_writes_its_gradient_where_it_is_wanted(into: bool) -> None:
    torch.manual_seed(0)
    weight, bias = (torch.rand(2, 4, *more, dtype=torch.float64).requires_grad_() for more in ((3,), ()))
    place = torch.empty(2, 4, 3, dtype=torch.float64) if into else None
    rows = torch.rand(5, 6, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, w, b: stacked_linear(x, w, b, place), (rows, weight, bias))


def test_bfloat16_is_what_autocast_asks_for() -> None:
    network, matrix, buffers = stack([nn.Sequential(nn.Linear(4, 4)) for _ in range(2)])
    with torch.autocast("cpu", torch.bfloat16):
        assert network(matrix, buffers, torch.rand(2, 3, 4)).dtype == torch.bfloat16


def test_no_rows_give_no_outputs() -> None:
    network: StackedNetwork
    network, matrix, buffers = stack([nn.Sequential(nn.Flatten(), nn.Linear(4, 3)) for _ in range(2)])
    assert network(matrix, buffers, torch.empty(2, 0, 1, 2, 2)).shape == (2, 0, 3)
