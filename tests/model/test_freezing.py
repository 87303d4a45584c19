"""Which layers stand still: by name, by rule, by rows a class; and what layers are called."""

import pytest
from torch import nn

from foldproof import randomness
from foldproof.config.model import Model
from foldproof.data.preprocessing import Inputs
from foldproof.errors import ConfigError
from foldproof.model.build import build
from foldproof.model.freezing import Choice, Situation, chosen_freeze, layers_of
from foldproof.model.stacked import Layout, StackedNetwork
from tests.model.own_network import Recurrent, Repeating

MLP = nn.Sequential(nn.Flatten(), nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3), nn.Linear(3, 3), nn.Linear(3, 2))
LAYOUT = Layout.of(MLP)
EVERYTHING = frozenset(LAYOUT.names)
FIRST, SECOND = {"1.weight", "2.weight", "2.bias"}, {"3.weight", "3.bias"}


def auto(rows: int, *, alike: bool = True, loaded: frozenset[str] = EVERYTHING) -> Choice:
    return chosen_freeze("auto", LAYOUT, Situation(rows, loaded, alike))


@pytest.mark.parametrize(
    ("rows", "alike", "frozen", "told"),
    [
        (49, True, FIRST | SECOND, "49 training rows a class (below 50)"),
        (50, True, FIRST, "50 training rows a class (50 to 499)"),
        (499, True, FIRST, "all but the last two layers stand still"),
        (500, True, set(), "500 training rows a class (500 or more)"),
        (49, False, FIRST, "rows of another form"),
        (499, False, set(), "nothing stands still"),
        (5000, False, set(), "nothing stands still"),
    ],
)
def test_auto_goes_by_rows_a_class_and_likeness(rows: int, alike: bool, frozen: set[str], told: str) -> None:
    choice = auto(rows, alike=alike)
    assert choice.frozen == frozen
    assert told in choice.reason


def test_auto_freezes_whole_layers_that_were_loaded_and_no_others() -> None:
    assert auto(10, loaded=frozenset()).frozen == set()
    assert auto(10, loaded=EVERYTHING - {"3.bias"}).frozen == FIRST


def test_layers_are_named_by_what_first_tells_them_apart() -> None:
    chains = {
        "1": nn.Sequential(nn.Flatten(), nn.Linear(4, 2)),
        "inner outer start head": Recurrent(4, 2),
        "layers.0 layers.2": Repeating(4, 2),
    }
    for names, network in chains.items():
        assert set(layers_of(Layout.of(network))) == set(names.split())
    residual = build(Model(name="residual"), Inputs((1, 8, 8)), 3, randomness.key_of(0))
    assert list(layers_of(Layout.of(residual)))[:3] == ["0", "1", "2"], "a block is one layer"


def test_layers_and_parts_of_layers_may_be_listed() -> None:
    situation = Situation(10, frozenset(), alike=False)
    assert chosen_freeze(("1", "2"), LAYOUT, situation).frozen == FIRST
    assert chosen_freeze(("2.bias",), LAYOUT, situation).frozen == {"2.bias"}
    assert Model.model_validate({"freeze": [1, "2"]}).freeze == ("1", "2")


def test_a_layer_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigError) as refusal:
        chosen_freeze(("0", "22"), LAYOUT, Situation(10, frozenset(), alike=False))
    legal = "legal: 1 (3x4), 2 (3), 3 (3x3), 4 (2x3, the output layer)"
    assert refusal.value.problems == (
        f"model.freeze: found '0', {legal}",
        f"model.freeze: found '22', {legal}; did you mean '2'?",
    )


def test_something_must_be_left_to_train() -> None:
    with pytest.raises(ConfigError, match=r"model\.freeze: every layer stands still, legal: at least one"):
        chosen_freeze(("1", "2", "3", "4"), LAYOUT, Situation(10, frozenset(), alike=False))


def test_batch_normalisation_rests_with_its_parameters_or_with_what_comes_before() -> None:
    def chain() -> nn.Module:
        return nn.Sequential(
            nn.Linear(4, 3), nn.BatchNorm1d(3, affine=False), nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)
        )

    network = StackedNetwork(chain())
    assert network.batch_normalisations() == {"1", "3"}
    assert network.batch_normalisations(frozenset()) == set()
    assert network.batch_normalisations(frozenset({"0.weight", "0.bias"})) == {"1"}
    assert network.batch_normalisations(frozenset({"3.weight", "3.bias"})) == {"3"}
