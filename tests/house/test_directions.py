"""Imports point one way, mlflow stays in its room, and one module alone draws random numbers."""

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.house.conftest import Import, ImportGraph

# From the ground up: a room may import itself and the rooms of the lines above its own.
# Neighbours on one line may not import each other.
LEVELS = (
    ("errors", "randomness", "reproducibility"),
    ("config", "unfinished", "writer"),
    ("data",),
    ("model", "metrics"),
    ("training",),
    ("checks", "evaluation"),
    ("search",),
    ("report",),
    ("tracking",),
    ("checking", "cross_validation", "prediction", "validation"),
    ("workflow",),
    ("retraining",),
    ("cli", "stage", "__main__", "__init__"),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# The rooms that must run on a bare GPU machine, where neither pipeline nor tracking is installed.
BARE = {room for room, level in LEVEL.items() if level <= LEVEL["training"]}
# Beside the level's rule: what is judged must not reach for what did the training.
NEVER = {"evaluation": {"training"}}

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
LONGEST_FILE = 300  # lines

# numpy's own generators may be made, from a seed, for a bootstrap and to deal the folds, and nowhere else.
NUMPY_ALLOWED = {"evaluation": {"np.random.Generator", "np.random.Philox"}, "data": {"np.random.RandomState"}}
TORCH_STATE = {"seed", "manual_seed", "initial_seed", "set_rng_state", "get_rng_state", "Generator"}
TORCH_DRAWS = {"bernoulli", "multinomial", "normal", "poisson", "binomial", "dropout", "alpha_dropout"}
IN_PLACE_DRAWS = {"normal_", "uniform_", "random_", "bernoulli_", "exponential_", "cauchy_", "geometric_"}


def test_every_room_has_its_place(graph: "ImportGraph") -> None:
    homeless = {graph.room(file) for file in graph.sources()} - LEVEL.keys()
    assert not homeless, f"give these their place in LEVELS: {sorted(homeless)}"


def test_imports_point_down(graph: "ImportGraph") -> None:
    wrong = [
        f"{_where(graph, file, statement.line)}: {graph.room(file)} imports {target}"
        for file in graph.sources()
        for statement in graph.imports(file)
        for target in sorted(_rooms(graph, statement) - {graph.room(file)})
        if not _may_import(graph.room(file), target)
    ]
    assert not wrong, "\n".join(wrong)


def test_importing_the_package_loads_nothing(graph: "ImportGraph") -> None:
    loaded = [
        name
        for statement in graph.imports(graph.root / "src/foldproof/__init__.py")
        if not statement.on_request_only and not statement.for_types_only
        for name in statement.names
    ]
    assert not [name for name in loaded if name.split(".")[0] not in {"importlib", "typing"}], loaded


def test_only_tracking_imports_mlflow_and_training_runs_without_the_pipeline(graph: "ImportGraph") -> None:
    wrong = [
        f"{_where(graph, file, statement.line)}: {_room_or_stage(graph, file)} imports {package}"
        for file in [*graph.sources(), *graph.stages()]
        for statement in graph.imports(file)
        for package in sorted({name.split(".")[0] for name in statement.names})
        if package in _forbidden_packages(_room_or_stage(graph, file))
    ]
    assert not wrong, "\n".join(wrong)


def test_metrics_need_numpy_alone(graph: "ImportGraph") -> None:
    heavy = {"torch", "pytorch_lightning", "sklearn", "scipy", "pandas", "matplotlib"}
    files = [file for file in graph.sources() if graph.room(file) == "metrics"]
    named = {name.split(".")[0] for file in files for found in graph.imports(file) for name in found.names}
    assert not named & heavy


def test_one_idea_a_file(graph: "ImportGraph") -> None:
    tests = sorted((graph.root / "tests").rglob("*.py"))
    others = sorted(file for room in ("benchmarks", "examples") for file in (graph.root / room).rglob("*.py"))
    files = [*graph.sources(), *graph.stages(), *tests, *others]
    long = {str(file.relative_to(graph.root)): _lines(file) for file in files if _lines(file) > LONGEST_FILE}
    assert not long, f"two ideas in one file? {long}"
    vague = [file for file in files if VAGUE_NAMES & {file.stem, file.parent.name}]
    assert not vague, f"name these by their idea: {vague}"


def test_nothing_but_randomness_draws(graph: "ImportGraph") -> None:
    wrong = [
        f"{_where(graph, file, line)}: {call}"
        for file in [*graph.sources(), *graph.stages()]
        if file.name != "randomness.py"
        for call, line in _global_draws(file, _room_or_stage(graph, file))
    ]
    assert not wrong, "draw with foldproof.randomness, which has no state:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import torch\ntorch.rand(3)", ["torch.rand"]),
        ("import torch\ntorch.manual_seed(0)", ["torch.manual_seed"]),
        ("import torch\nx = torch.zeros(3).normal_()", [".normal_"]),
        ("from torch import nn\nnn.init.kaiming_normal_(w)", ["nn.init.kaiming_normal_"]),
        ("import torch.nn.functional as F\nF.dropout(x)", ["F.dropout"]),
        ("import numpy as np\nnp.random.shuffle(x)", ["np.random.shuffle"]),
        (
            "import numpy as np\nnp.random.Generator(np.random.Philox(1))",
            ["np.random.Generator", "np.random.Philox"],
        ),
        ("import random", ["import random"]),
        ("from random import shuffle", ["import random"]),
        ("import pytorch_lightning as pl\npl.seed_everything(1)", ["pl.seed_everything"]),
        ("import torch\ntorch.ones(3)", []),
        ("from foldproof import randomness\nrandomness.uniform(key)", []),
    ],
)
def test_the_search_for_draws_finds_them(source: str, found: list[str], tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert sorted(call for call, _ in _global_draws(file, "model")) == found


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        ("evaluation", "np.random.Generator(np.random.Philox(1)).integers(3)"),
        ("data", "np.random.RandomState(1).shuffle(x)"),
    ],
)
def test_bootstrap_and_folds_may_have_their_generators(room: str, allowed: str, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"import numpy as np\n{allowed}\nnp.random.default_rng()")
    assert [call for call, _ in _global_draws(file, room)] == ["np.random.default_rng"]


def _global_draws(file: Path, room: str) -> list[tuple[str, int]]:
    """Every use of a global generator in `file`, with its line."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom) and _imports_random(node):
            found.append(("import random", node.lineno))
        elif isinstance(node, ast.Attribute) and _draws(node, room):
            name = ast.unparse(node)
            found.append((name if re.fullmatch(r"[\w.]+", name) else f".{node.attr}", node.lineno))
    return found


def _imports_random(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "random" and not node.level
    return any(alias.name == "random" for alias in node.names)


def _draws(node: ast.Attribute, room: str) -> bool:
    name = ast.unparse(node)
    parts = name.split(".")
    if parts[:2] in (["np", "random"], ["numpy", "random"]) and len(parts) == 3:
        return name not in NUMPY_ALLOWED.get(room, ())
    if parts[0] in {"torch", "F", "functional"} or parts[:2] == ["nn", "functional"]:
        if len(parts) > 2 and parts[1] == "random":
            return True
        if node.attr.startswith("rand") or node.attr in TORCH_DRAWS | TORCH_STATE:
            return True
    if "init" in parts[:-1] and node.attr.endswith("_"):
        return node.attr not in {"zeros_", "ones_", "constant_", "eye_"}
    return node.attr in IN_PLACE_DRAWS or node.attr == "seed_everything"


def _rooms(graph: "ImportGraph", statement: "Import") -> set[str]:
    """The rooms that a statement reaches; the package's own `__init__` runs always and is empty."""
    return {graph.room(file) for name in statement.names for file in graph.files_of(name)} - {"__init__"}


def _may_import(room: str, target: str) -> bool:
    return LEVEL[target] < LEVEL[room] and target not in NEVER.get(room, set())


def _forbidden_packages(room: str) -> set[str]:
    if room == "tracking":
        return set()
    return {"mlflow", "dvc"} if room in BARE else {"mlflow"}


def _room_or_stage(graph: "ImportGraph", file: Path) -> str:
    return graph.room(file) if file in graph.sources() else "pipeline"


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def _where(graph: "ImportGraph", file: Path, line: int) -> str:
    return f"{file.relative_to(graph.root)}:{line}"
