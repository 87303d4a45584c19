"""Networks that begin with embeddings: their size, first weights, gradients, and who stands still."""

import pytest
import torch
from torch import nn

from foldproof import randomness
from foldproof.config.model import Embedding, Model
from foldproof.config.networks import Linear, Mlp
from foldproof.data.preprocessing import Inputs
from foldproof.model.build import build
from foldproof.model.embedding import Embedded, Lookup, WordVectors, dimensions, embedded
from foldproof.model.stacked import stack
from foldproof.training.elements import Elements
from tests.model.one_by_one import assert_equals_the_members_one_by_one

TEXT = Inputs((5, 3), (20, 8, 6))
TABLE = Inputs((4,), (7, 3))
KEY = randomness.key_of(3)


def codes(inputs: Inputs, members: int, rows: int) -> torch.Tensor:
    draws = torch.Generator().manual_seed(0)
    shape = (members, rows, *inputs.shape)
    found = torch.rand(shape, generator=draws, dtype=torch.float64)
    for place, size in enumerate(reversed(inputs.coded), start=1):
        found[..., -place] = torch.randint(0, size, shape[:-1], generator=draws)
    return found


def test_a_window_of_five_words_of_d_dimensions_makes_5d_inputs() -> None:
    """Collobert et al.'s window: the first affine layer behind the embedding has 5 d inputs."""
    section = Model(name="linear", embedding=Embedding(dimension=13))
    network = build(section, Inputs((5, 1), (20,)), 4, KEY)
    affine = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    assert affine[0].in_features == 5 * 13
    tables = [layer for layer in network.modules() if isinstance(layer, nn.Embedding)]
    assert [tuple(table.weight.shape) for table in tables] == [(20, 13)], "all places share one table"


def test_dimensions_follow_the_kind_of_rows() -> None:
    assert dimensions(Embedding(), TEXT) == [50, 10, 10]
    assert dimensions(Embedding(dimension=7, feature_dimension=2), TEXT) == [7, 2, 2]
    assert dimensions(Embedding(), Inputs((4,), (101, 3, 100_001))) == [round(1.6 * 100**0.56), 2, 50]
    assert dimensions(Embedding(dimension=4), TABLE) == [4, 4]


def test_numbers_stand_before_vectors() -> None:
    front, behind = embedded(Embedding(dimension=2), TABLE, KEY)
    rows = torch.tensor([[0.5, -1.0, 6.0, 1.0]])
    first, second = (table.weight for table in front.tables)
    wanted = torch.cat([rows[:, :2], first[6:7], second[1:2]], dim=1)
    assert torch.equal(front(rows), wanted)
    assert behind == Inputs((6,))


def test_first_vectors_are_normal_and_the_unknown_one_is_zero() -> None:
    front, _ = embedded(Embedding(dimension=40, initial_scale=0.3), Inputs((1, 1), (2001,)), KEY)
    table = front.tables[0].weight.detach()
    assert table[:-1].std().item() == pytest.approx(0.3, rel=0.01)
    assert table[:-1].mean().abs().item() < 4 * 0.3 / 80_000**0.5
    assert (table[-1] == 0).all()
    again, other = (embedded(Embedding(dimension=40), Inputs((1, 1), (2001,)), key)[0] for key in (KEY, KEY + 1))
    assert torch.allclose(again.tables[0].weight * 3, table)
    assert not torch.allclose(other.tables[0].weight * 3, table)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("inputs", [TEXT, TABLE])
@pytest.mark.parametrize("block", [Mlp(hidden=(6,)), Linear()])
def test_a_stack_equals_its_members(inputs: Inputs, block: Mlp | Linear, training: bool) -> None:
    name = type(block).__name__.lower()
    section = Model.model_validate({"name": name, name: block, "normalisation": "layer", "dropout": 0.3})
    networks = [build(section, inputs, 4, randomness.key_of(member)).double() for member in range(3)]
    assert_equals_the_members_one_by_one(networks, codes(inputs, 3, 9), training)


@pytest.mark.parametrize("into", [True, False])
def test_the_gradient_of_a_lookup(into: bool) -> None:
    tables = torch.rand(2, 4, 3, dtype=torch.float64).requires_grad_()
    index = torch.tensor([[[0, 1], [3, 3]], [[0, 0], [1, 2]], [[0, 2], [3, 0]]])  # [B, P, W], with repetitions
    place = torch.empty(2, 4, 3, dtype=torch.float64) if into else None

    def found(given: torch.Tensor) -> torch.Tensor:
        return Lookup.apply(given, index, place)  # type: ignore[no-any-return, no-untyped-call]

    assert torch.autograd.gradcheck(found, (tables,))
    assert torch.equal(found(tables), tables[torch.arange(2).view(1, 2, 1), index])


def test_fixed_vectors_get_no_gradient_alone_and_stacked() -> None:
    words = WordVectors(torch.tensor([0, 5]), torch.full((2, 4), 2.0), fixed=True, told="")
    section = Model(name="linear", embedding=Embedding(dimension=4))
    networks = [build(section, TEXT, 3, randomness.key_of(one), words=words).double() for one in range(2)]
    rows = codes(TEXT, 2, 40)
    front = networks[0].get_submodule("0")
    assert isinstance(front, Embedded)
    networks[0](rows[0]).square().sum().backward()
    gradient = front.tables[0].weight.grad
    assert (front.tables[0].weight[[0, 5]] == 2).all()
    assert (gradient[[0, 5]] == 0).all()
    assert (gradient[[1, 2, 3, 4]] != 0).any(1).all()
    networks[0].zero_grad(set_to_none=True)
    assert_equals_the_members_one_by_one(networks, rows, training=True)


def test_tuned_vectors_begin_there_and_move() -> None:
    words = WordVectors(torch.tensor([3]), torch.ones(1, 4), fixed=False, told="")
    front, _ = embedded(Embedding(dimension=4), TEXT, KEY, words)
    front(codes(TEXT, 1, 60)[0]).square().sum().backward()
    assert (front.tables[0].weight[3] == 1).all()
    assert (front.tables[0].weight.grad[3] != 0).any()


def test_embeddings_are_neither_decayed_nor_held_to_a_norm() -> None:
    network, matrix, _ = stack([build(Model(name="linear"), TABLE, 2, KEY)])
    elements = Elements.of(network)
    tables = sum(codes * width for codes, width in zip(TABLE.coded, dimensions(Embedding(), TABLE), strict=True))
    assert elements.weights[:tables].sum() == 0
    assert elements.weights[tables:].sum() > 0
    assert len(elements.embeddings) == 2
    assert len(elements.units) == 1
    assert matrix.shape[1] == len(elements.weights)
