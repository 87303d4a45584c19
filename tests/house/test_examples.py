"""The studies in examples/: their pipeline declares what it loads, their params are legal, what git keeps is theirs."""

import hashlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from examples.techniques import activations, batch_norm, claims, depth, dropout, optimizers, record, schedules, signals
from examples.techniques import settings as params_of_studies
from examples.techniques.settings import Study, settings, trial
from foldproof.config.reading import read_yaml
from foldproof.errors import ConfigError
from foldproof.training.trials import by_form

if TYPE_CHECKING:
    from tests.house.conftest import ImportGraph

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples/techniques"
MODULES: dict[str, tuple[ModuleType, type[Study]]] = {
    "optimizers": (optimizers, params_of_studies.Optimizers),
    "activations": (activations, params_of_studies.Activations),
    "schedules": (schedules, params_of_studies.Schedules),
    "depth": (depth, params_of_studies.Depth),
    "signals": (signals, params_of_studies.Signals),
    "dropout": (dropout, params_of_studies.Dropout),
    "batch_norm": (batch_norm, params_of_studies.BatchNorm),
}
# Small enough to be trained in a test.
SMALL: dict[str, dict[str, Any]] = {
    "optimizers": {"names": ["sgd", "adam"], "rates": [0.3, 1]},
    "activations": {"names": ["relu", "tanh", "sigmoid"], "rates": [0.001], "reached": 0.1},
    "schedules": {"settings": [{"name": "constant"}, {"name": "exponential"}], "rates": [0.001]},
    "depth": {"activations": ["relu"], "initializers": ["he", "glorot"], "layers": [1, 2], "units": 8, "rates": [0.01]},
    "signals": {
        "networks": [{"activation": "relu", "initializer": name, "scale": 1} for name in ("he", "glorot")],
        "layers": 2,
        "shown": [1, 2],
        "units": 8,
    },
    "dropout": {"rates": [0, 0.5]},
    "batch_norm": {
        "scales": [0.1, 1],
        "rates": [0.01],
        **{name: read_yaml(FOLDER / "params.yaml")["batch_norm"][name] for name in ("with", "without")},
    },
}
every_study = pytest.mark.parametrize("study", MODULES)


def stages() -> dict[str, Any]:
    """The stages as written; what stands under `foreach` once for each study."""
    written = yaml.safe_load((FOLDER / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    text = yaml.safe_dump(written["study"]["do"])
    assert set(written["study"]["foreach"]) == set(MODULES) == set(claims.STUDIES)
    return {name: yaml.safe_load(text.replace("${item}", name)) for name in MODULES} | {"claims": written["claims"]}


@pytest.mark.parametrize("stage", [*MODULES, "claims"])
def test_a_stage_declares_the_sources_it_loads_and_no_others(stage: str, graph: "ImportGraph") -> None:
    scripts = scripts_of(FOLDER / f"{stage}.py", graph)
    loaded = {file for script in scripts for file in graph.closure(script, stop_at=frozenset({"__init__"}))} | scripts
    declared = [ROOT / dep for dep in stages()[stage]["deps"] if dep.startswith(("src/", "examples/"))]
    declared = [dep for dep in declared if dep.parent.name != "results"]
    missing = [str(file.relative_to(ROOT)) for file in loaded if not any(file.is_relative_to(dep) for dep in declared)]
    assert not missing, f"add to the deps of {stage}: {sorted(missing)}"
    of_the_library = [dep for dep in declared if dep.is_relative_to(ROOT / "src")]  # of the studies all share a list
    superfluous = [dep for dep in of_the_library if not any(file.is_relative_to(dep) for file in loaded)]
    assert not superfluous, f"{stage} loads nothing of {superfluous}"


def scripts_of(script: Path, graph: "ImportGraph") -> set[Path]:
    """The script, the packages that it lies in, and what it imports of the studies."""
    found, waiting = {script, ROOT / "examples/__init__.py", FOLDER / "__init__.py"}, [script]
    while waiting:
        statements = [one for one in graph.imports(waiting.pop()) if not one.for_types_only]
        names = {name for one in statements for name in one.names if name.startswith("examples.")}
        new = {file for name in names if (file := ROOT.joinpath(*name.split(".")).with_suffix(".py")).is_file()} - found
        found |= new
        waiting += new
    return found


@every_study
def test_the_params_of_a_study_are_legal(study: str) -> None:
    section = settings(study, MODULES[study][1])
    assert trial(section).split.folds >= 5


def test_names_are_those_of_the_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path, {"optimizers": {"names": ["adma"], "rates": [1]}})
    with pytest.raises(ConfigError, match=r"names.*'adma'.*legal: .*adam"):
        settings("optimizers", params_of_studies.Optimizers)


@every_study
def test_a_study_leaves_a_picture_and_numbers_the_same_every_time(
    study: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(monkeypatch, tmp_path, {study: SMALL[study]})
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    MODULES[study][0].main()
    picture, numbers = tmp_path / "pictures" / f"{study}.png", tmp_path / "results" / f"{study}.json"
    found = yaml.safe_load(numbers.read_text())
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert found["settings tried"] >= 2
    assert found["claims"]
    assert all(claim["measured"] and isinstance(claim["holds"], bool) for claim in found["claims"])
    if study == "dropout":
        before = picture.read_bytes(), numbers.read_bytes()
        MODULES[study][0].main()
        assert (picture.read_bytes(), numbers.read_bytes()) == before


def test_what_git_keeps_was_made_with_these_params() -> None:
    locked = yaml.safe_load((FOLDER / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    params = read_yaml(FOLDER / "params.yaml")
    for name, stage in locked.items():
        for out in stage["outs"]:
            content = (ROOT / out["path"]).read_bytes()
            assert hashlib.md5(content, usedforsecurity=False).hexdigest() == out["md5"], f"{name}: `make examples`"
        for section, used in stage.get("params", {}).get("examples/techniques/params.yaml", {}).items():
            assert params[section] == used, f"{name}: {section} has changed: `make examples`"
    assert len(locked) == len(MODULES) + 1


def test_the_epochs_to_a_loss_by_hand() -> None:
    """From 1 to 0.01 in one epoch, linear in the logarithm, 0.1 is reached half way."""
    losses = np.array([[1.0, 0.01, 0.001], [0.05, 0.04, 0.03], [1.0, 0.9, 0.8]])
    assert activations.epochs_to(0.1, losses) == pytest.approx([1.5, 1.0, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("factor", "told"), [(1.0, "healthy"), (0.5, "vanishing"), (2.0, "exploding"), (0.0, "saturated")]
)
def test_what_becomes_of_a_signal(factor: float, told: str) -> None:
    """Six layers, each the one before times the factor; for saturation, values at the ends of a range."""
    draws = np.random.default_rng(0).standard_normal((1, 2, 300, 5))
    layers = np.sign(draws).repeat(6, axis=0) if factor == 0 else draws * factor ** np.arange(6).reshape(6, 1, 1, 1)
    assert signals.verdict(layers) == told
    assert signals.spreads(layers)[0] == pytest.approx(np.sqrt(layers[0].var(axis=1).mean()))


def test_members_of_a_study_differ_in_numbers_alone() -> None:
    """Rates, scales, initializers and dropout are members of one population."""
    section = settings("depth", params_of_studies.Depth)
    trials = [trial(section, {"model.initializer": name}) for name in section.initializers]
    assert by_form(trials) == [list(range(len(trials)))]


def use(monkeypatch: pytest.MonkeyPatch, folder: Path, sections: dict[str, Any]) -> None:
    """Let the studies read these sections, and a base of two epochs of small networks."""
    base = read_yaml(FOLDER / "params.yaml")["base"]
    base["train"] |= {"epochs": 2}
    base["model"]["mlp"]["hidden"] = [8]
    (folder / "params.yaml").write_text(yaml.safe_dump({"base": base, **sections}))
    monkeypatch.setattr(params_of_studies, "PATH", folder / "params.yaml")
