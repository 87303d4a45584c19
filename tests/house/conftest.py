"""The import graph of the sources, which the tests of this room put their questions to.

It is read from the syntax trees, so that imports inside functions are seen and nothing has to be run.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "foldproof"


@dataclass(frozen=True)
class Import:
    """One import statement: the dotted names it may load (`from a import b` gives `a` and `a.b`)."""

    names: tuple[str, ...]
    line: int
    for_types_only: bool
    on_request_only: bool  # inside a module's own `__getattr__`: runs for those alone who ask for the name


@dataclass(frozen=True)
class ImportGraph:
    """Files of the repository and what they import."""

    root: Path

    def sources(self) -> list[Path]:
        """Every file of the package."""
        return sorted((self.root / "src" / PACKAGE).rglob("*.py"))

    def stages(self) -> list[Path]:
        """Every script of the pipeline."""
        return sorted((self.root / "pipeline").glob("*.py"))

    def imports(self, file: Path) -> list[Import]:
        """The import statements of `file`, wherever they stand in it."""
        return list(_imports(file, self.package_of(file)))

    def room(self, file: Path) -> str:
        """First name below the package: `training` for `src/foldproof/training/fit.py`."""
        inside = file.relative_to(self.root / "src" / PACKAGE)
        return inside.parts[0] if len(inside.parts) > 1 else inside.stem

    def package_of(self, file: Path) -> str:
        """Dotted name of the folder that `file` lies in, which relative imports start from."""
        base = self.root / "src"
        return ".".join(file.parent.relative_to(base).parts) if file.is_relative_to(base) else ""

    def files_of(self, name: str) -> list[Path]:
        """The files that importing `name` runs: the module and the `__init__.py` of each package above it."""
        parts = name.split(".")
        if parts[0] != PACKAGE:
            return []
        folders = [self.root.joinpath("src", *parts[:end]) for end in range(1, len(parts) + 1)]
        candidates = [folder / "__init__.py" for folder in folders] + [folders[-1].with_suffix(".py")]
        return [file for file in candidates if file.is_file()]

    def is_module(self, name: str) -> bool:
        """Whether `name` is a file or folder of the package, not something defined inside one."""
        place = self.root.joinpath("src", *name.split("."))
        return place.is_dir() or place.with_suffix(".py").is_file()

    def closure(self, file: Path, stop_at: frozenset[str] = frozenset()) -> frozenset[Path]:
        """Every file of the package that running `file` may load; the rooms in `stop_at` are left out."""
        seen: set[Path] = set()
        waiting = [file]
        while waiting:
            for statement in self.imports(waiting.pop()):
                if statement.for_types_only or statement.on_request_only:
                    continue
                found = {module for name in statement.names for module in self.files_of(name)} - seen
                found = {module for module in found if self.room(module) not in stop_at}
                seen |= found
                waiting += found
        return frozenset(seen)


@cache
def _imports(file: Path, package: str) -> tuple[Import, ...]:
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    for_types_only = _inside(node for node in ast.walk(tree) if _is_type_checking(node))
    on_request_only = _inside(node for node in tree.body if _is_module_getattr(node))
    return tuple(
        Import(_names(node, package), node.lineno, node in for_types_only, node in on_request_only)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def _inside(nodes: Iterable[ast.AST]) -> set[ast.AST]:
    return {child for node in nodes for child in ast.walk(node)}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _is_module_getattr(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _names(node: ast.Import | ast.ImportFrom, package: str) -> tuple[str, ...]:
    if isinstance(node, ast.Import):
        return tuple(alias.name for alias in node.names)
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    return (base, *(f"{base}.{alias.name}" for alias in node.names))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def graph() -> ImportGraph:
    """The repository's import graph."""
    return ImportGraph(ROOT)
