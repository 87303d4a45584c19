"""What a stage imports and reads is what `dvc.yaml` declares: DVC silently does not track the rest.

Sources are compared file by file: every file of the package that a stage's script may load must be one of its
deps or lie in one, and every dep under `src/` must hold at least one such file.
"""

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from foldproof.config import Params

if TYPE_CHECKING:
    from tests.house.conftest import ImportGraph

ROOT = Path(__file__).resolve().parents[2]
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
SECTIONS = {field.alias or name for name, field in Params.model_fields.items()}

# What a stage tells tracking goes to the journal and to MLflow and never into an out, so a change of
# tracking's code leaves every out as it is and retrains nothing. The package's own `__init__.py` loads
# nothing (test_directions.py), so that a new version number retrains nothing either.
SHAPES_NO_OUT = frozenset({"tracking", "__init__"})
GIVEN = {"constraints.txt", "data/raw", "data/start"}  # deps that no stage writes

NOT_FLAT = {"check"}

every_stage = pytest.mark.parametrize("stage", STAGES)


def test_each_stage_is_one_script_of_its_name(graph: "ImportGraph") -> None:
    assert {file.stem for file in graph.stages()} == STAGES.keys()
    for name, stage in STAGES.items():
        assert stage["cmd"] == f"python pipeline/{name}.py"


@every_stage
def test_says_what_it_does(stage: str) -> None:
    assert len(STAGES[stage]["desc"].split()) > 3


@every_stage
def test_declares_the_sources_it_loads_and_no_others(stage: str, graph: "ImportGraph") -> None:
    script = ROOT / "pipeline" / f"{stage}.py"
    loaded = graph.closure(script, stop_at=SHAPES_NO_OUT)
    declared = [ROOT / dep for dep in _deps(stage) if dep.startswith("src/foldproof/")]
    undeclared = [file for file in loaded if not any(file.is_relative_to(dep) for dep in declared)]
    assert not undeclared, f"add to {stage}'s deps: {_names(undeclared)}"
    superfluous = [dep for dep in declared if not any(file.is_relative_to(dep) for file in loaded)]
    assert not superfluous, f"{stage} loads nothing of: {_names(superfluous)}"


@every_stage
def test_depends_on_its_script_and_on_the_pinned_versions(stage: str) -> None:
    assert {f"pipeline/{stage}.py", "constraints.txt"} <= set(_deps(stage))


@every_stage
def test_declares_the_params_sections_it_reads_and_no_others(stage: str) -> None:
    declared = {key.split(".")[0] for key in STAGES[stage].get("params", [])}
    read = sections_read((ROOT / "pipeline" / f"{stage}.py").read_text(encoding="utf-8"))
    assert declared == read


@every_stage
def test_what_it_reads_was_written_by_a_stage_before_or_is_raw_data(stage: str) -> None:
    before = list(STAGES)[: list(STAGES).index(stage)]
    written = {path for name in before for kind in ("outs", "metrics", "plots") for path, _ in _written(name, kind)}
    read = {dep for dep in _deps(stage) if not dep.startswith(("src/", "pipeline/")) and dep not in GIVEN}
    assert not {dep for dep in read if not any(_holds(out, dep) or _holds(dep, out) for out in written)}


@every_stage
def test_outs_are_cached_and_metrics_and_plots_are_in_git(stage: str) -> None:
    for path, options in _written(stage, "outs"):
        assert options.get("cache", True), f"{path}: `cache: false` on an out switches the run cache off"
        assert not options.get("persist"), f"{path}: `persist` switches the run cache off and carries old state along"
    for kind in ("metrics", "plots"):
        for path, options in _written(stage, kind):
            assert options.get("cache") is False, f"{path}: without `cache: false` a fresh clone has no diffs"


def test_no_stage_imports_from_the_package_itself(graph: "ImportGraph") -> None:
    """`from foldproof import x` loads x on request, which the graph does not follow."""
    for file in [*graph.sources(), *graph.stages()]:
        if file.name != "__init__.py" or file.parent.name != "foldproof":
            for statement in graph.imports(file):
                if statement.names[0] == "foldproof":
                    assert all(graph.is_module(name) for name in statement.names[1:]), file


@every_stage
def test_what_it_loads_is_named_in_import_statements(stage: str, graph: "ImportGraph") -> None:
    """Imports by a name made at run time are not seen in the graph.

    A user's own network and source of data are such, and must be deps of train and prepare by another rule, in the same
    file that imports them.
    """
    own = ("__init__.py", "config/own_code.py")
    others = {ROOT / "src/foldproof" / name for name in own}
    for file in graph.closure(ROOT / "pipeline" / f"{stage}.py", stop_at=SHAPES_NO_OUT):
        if file not in others:
            assert not re.search(r"\b(import_module|__import__|runpy)\b", file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize(
    ("script", "sections"),
    [
        ("params = load_params()\nfit(params.train, params.model.name)", {"train", "model"}),
        ("fit(load_params().train)", {"train"}),
        ("params = load_params()\nwith Recorder('x', params) as record: f(params.seed)", {"seed"}),
        ("params = load_params()\nrender(params.flat())", SECTIONS - NOT_FLAT),
        ("params = load_params()\nfit(params)", SECTIONS),
        ("params = load_params()\nf(params.schema_version)", {"schema"}),
    ],
)
def test_the_search_for_sections_finds_them(script: str, sections: set[str]) -> None:
    assert sections_read(script) == sections


def sections_read(script: str) -> set[str]:
    """The sections of `params.yaml` that a script reads; handing on the whole is reading all of it.

    The recorder alone may have the whole without declaring it: what it does shapes no out. `flat` leaves section
    `check` out, as test_params.py holds.
    """
    tree = ast.parse(script)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    read: set[str] = set()
    for node in ast.walk(tree):
        if not _is_params(node):
            continue
        parent = parents[node]
        if isinstance(parent, ast.Attribute):
            field = Params.model_fields.get(parent.attr)
            read |= {field.alias or parent.attr} if field else SECTIONS - NOT_FLAT
        elif isinstance(node, ast.Name) and not (isinstance(node.ctx, ast.Store) or _is_recorder(parent)):
            read |= SECTIONS
    return read


def _is_params(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "load_params"
    return isinstance(node, ast.Name) and node.id == "params"


def _is_recorder(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Recorder"


def _deps(stage: str) -> list[str]:
    return [dep.rstrip("/") for dep in STAGES[stage].get("deps", [])]


def _written(stage: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Paths that a stage writes as `outs`, `metrics` or `plots`, each with its options."""
    entries = STAGES[stage].get(kind, [])
    return [next(iter(entry.items())) if isinstance(entry, dict) else (entry, {}) for entry in entries]


def _holds(folder: str, path: str) -> bool:
    return Path(path).is_relative_to(folder)


def _names(files: list[Path]) -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for file in files)
