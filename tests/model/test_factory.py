"""A network of one's own: plain modules work, what cannot be stacked is refused, its source is part of the model."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from foldproof import randomness
from foldproof.config import Params
from foldproof.config.model import Model
from foldproof.data.preprocessing import Inputs
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError, DataError
from foldproof.model.build import build
from foldproof.model.dropout import AlphaDropout, Dropout, SpatialDropout
from foldproof.model.exported import ExportedModel
from foldproof.model.factory import REPLACED
from foldproof.model.factory_source import hash_of_source
from foldproof.model.given import refuse_untracked
from foldproof.tracking.provenance import digest_of
from foldproof.training.cross_validation import train_members
from tests.training.setting import digits, params, split_of

KEY, SHAPE = randomness.key_of(0, 0, 0), (1, 8, 8)
SOURCE = """from torch import nn

def make(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, outputs))
"""


def section(function: str, module: str = "tests.model.own_network", **others: Any) -> Model:
    return Model.model_validate({"name": "factory", "factory": f"{module}:{function}", **others})


def test_torchs_dropout_is_replaced_where_it_stands() -> None:
    network = build(section("plain"), Inputs(SHAPE), 10, KEY)
    found = [layer for layer in network.modules() if isinstance(layer, Dropout)]
    assert [(type(layer), round(float(layer.rate), 3)) for layer in found] == [(SpatialDropout, 0.2), (Dropout, 0.3)]
    assert len({layer.place for layer in found}) == 2
    assert not [layer for layer in network.modules() if type(layer) in REPLACED]
    inner = build(section("recurrent"), Inputs(SHAPE), 10, KEY)
    assert [type(layer) for layer in inner.modules() if isinstance(layer, Dropout)] == [AlphaDropout]


def test_dropout_that_is_met_again_draws_again() -> None:
    """Of four masks no two are the same: a share of (1/2)^2 of the inputs is left by the first two."""
    network = build(section("repeating"), Inputs(SHAPE), 10, KEY)
    dropouts = [layer for layer in network.modules() if isinstance(layer, Dropout)]
    assert len({layer.place for layer in dropouts}) == len(dropouts) == 3
    rows = torch.ones(50, 400)
    with randomness.drawing(KEY):
        twice = dropouts[0](dropouts[0](rows))
    assert (twice != 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    with randomness.drawing(KEY):
        assert torch.equal(dropouts[0](dropouts[0](rows)), twice)


def test_the_initial_weights_are_the_members_own() -> None:
    keys = [randomness.key_of(member) for member in (0, 0, 1)]
    first, again, other = (build(section("plain"), Inputs(SHAPE), 10, key) for key in keys)
    assert all(torch.equal(*pair) for pair in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


def test_weights_that_it_was_made_with_stay_unless_another_initializer_is_named() -> None:
    kept = build(section("trained"), Inputs(SHAPE), 10, KEY)
    assert [p.unique().tolist() for p in kept.parameters()] == [[0.25], [-1.0]]
    drawn = build(section("trained", initializer="he"), Inputs(SHAPE), 10, KEY)
    assert [len(p.unique()) for p in drawn.parameters()] == [640, 1]


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("drawing", r"Drawing|random.*legal: layers that neither draw"),
        ("branching", "legal: layers that neither draw .* nor branch on the values"),
        ("other_outputs", r"maps a row of shape \(1, 8, 8\) to \(11,\), legal here: \(10,\)"),
        ("other_shape", "cannot run: .*legal: layers"),
        ("no_module", r"returned tuple, legal: a torch\.nn\.Module"),
        ("failing", r"raised ZeroDivisionError: \(1, 8, 8\) 10; legal: a function of the shape"),
        ("no_arguments", "raised TypeError: .*legal: a function of the shape"),
        ("absent", r"tests\.model\.own_network has no 'absent'; legal: a function of that module"),
        ("NO_FUNCTION", "is int, legal: a function"),
    ],
)
def test_what_a_population_cannot_run_is_refused(function: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refusal:
        build(section(function), Inputs(SHAPE), 10, KEY)
    assert refusal.value.problems[0].startswith("model.factory: ")


@pytest.mark.parametrize("name", [None, "", "networks", "networks:", "networks.make", "a b:make", "networks:make()"])
def test_a_name_of_another_form_is_refused(name: str | None) -> None:
    with pytest.raises(ConfigError, match=r"legal with model\.name factory: package\.module:function"):
        build(Model(name="factory", factory=name), Inputs(SHAPE), 10, KEY)


def test_a_module_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be imported: No module named 'nowhere'; legal: a module on"):
        build(section("make", "nowhere"), Inputs(SHAPE), 10, KEY)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a network in src/ and one in a package, on Python's path."""
    package = tmp_path / "src" / "nets"
    package.mkdir(parents=True)
    for file in (tmp_path / "src" / "my_network.py", package / "small.py"):
        file.write_text(SOURCE)
    (package / "__init__.py").write_text("")
    deps = "    deps:\n    - src/nets\n    - constraints.txt\n"
    (tmp_path / "dvc.yaml").write_text(f"stages:\n  check:\n{deps}  train:\n{deps}")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("nets", "my_network")]:
        del sys.modules[name]


def test_a_source_that_check_and_train_do_not_depend_on_is_refused_with_advice(project: Path) -> None:
    refuse_untracked(section("make", "nets.small"), project)
    refuse_untracked(Model(), project / "nowhere")
    with pytest.raises(
        ConfigError, match=r"from src/my_network\.py.*add `- src/my_network\.py` to the deps of"
    ) as found:
        refuse_untracked(section("make", "my_network"), project)
    assert ["stage check in" in found.value.problems[0], "stage train in" in found.value.problems[1]] == [True, True]
    with pytest.raises(ConfigError, match=r"legal: a dep of train: move it into src/"):
        refuse_untracked(section("plain"), project)
    with pytest.raises(ConfigError, match="is not on Python's path"):
        refuse_untracked(section("make", "nowhere"), project)


@pytest.mark.parametrize(
    ("module", "file"),
    [("my_network", "my_network.py"), ("nets.small", "nets/small.py"), ("nets.small", "nets/more.py")],
)
def test_a_change_of_the_source_is_another_network_and_another_run(project: Path, module: str, file: str) -> None:
    chosen = section("make", module)
    whole = Params(model=chosen)
    before, run = hash_of_source(chosen), digest_of(whole, "data", project)
    path = project / "src" / file
    path.write_text(f"{SOURCE}\n# another thought\n")
    assert hash_of_source(chosen) != before
    assert digest_of(whole, "data", project) != run
    assert hash_of_source(Model(factory=chosen.factory)) == "", "a network that is not chosen shapes nothing"


def test_a_model_serves_with_the_source_that_it_was_trained_with_alone(project: Path, tmp_path: Path) -> None:
    chosen = params(
        split={"folds": 2},
        model={"name": "factory", "factory": "my_network:make"},
        train={"epochs": 2, "batch_size": 16, "accelerator": "cpu"},
    )
    dataset = digits(120)
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    found = train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment).model
    found.save(tmp_path / "models")
    served = ExportedModel.load(tmp_path / "models")
    assert (served.predict(dataset.features[:9]) == found.predict(dataset.features[:9])).all()
    source = project / "src" / "my_network.py"
    source.write_text(SOURCE.replace("Flatten()", "Flatten(1)"))
    with pytest.raises(DataError, match="source of my_network:make is not the one that this model was trained with"):
        ExportedModel.load(tmp_path / "models")
    source.unlink()
    with pytest.raises(ConfigError, match="my_network:make is not on Python's path"):
        ExportedModel.load(tmp_path / "models")


def test_a_factorys_network_learns() -> None:
    network = build(section("plain"), Inputs(SHAPE), 10, KEY).train()
    rows = torch.from_numpy(digits(64).features.astype("float32")) / 16
    targets = torch.from_numpy(digits(64).targets)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    losses = []
    for step in range(40):
        with randomness.drawing(randomness.fold_in(KEY, step)):
            loss = F.cross_entropy(network(rows), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert isinstance(network, nn.Sequential)
