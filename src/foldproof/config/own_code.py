"""Where a user's own code lies, `package.module:function`, and that nothing made by it goes stale unnoticed.

It is read without importing it, so that what needs none of its packages can name it, until `function` is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from foldproof.errors import ConfigError
from foldproof.reproducibility import sha256_of_tree


@dataclass(frozen=True)
class OwnCode:
    """A function of the user's: `where` is the key that names it, `stage` the one that calls it first.

    `takes` says in words what it is called with.
    """

    name: str
    where: str
    stage: str
    takes: str

    def function(self) -> Callable[..., Any]:
        """The function, its module imported; raises ConfigError where there is none of that name."""
        module, _, name = self.name.partition(":")
        try:
            found = getattr(import_module(module), name)
        except ImportError as error:
            raise ConfigError(
                f"{self.where}: {self.name} cannot be imported: {error}; legal: a module on Python's path, such as a "
                "file in src/ of the project, or an installed package"
            ) from None
        except AttributeError:
            raise ConfigError(f"{self.where}: {module} has no {name!r}; legal: a function of that module") from None
        if not callable(found):
            told = f"{self.name} is {type(found).__name__}, legal: a function of {self.takes}"
            raise ConfigError(f"{self.where}: {told}")
        return found  # type: ignore[no-any-return]

    def source(self) -> Path:
        """The file of its module, or the folder of its package."""
        found = _found(self.name.partition(":")[0].partition(".")[0])
        if found is None or not found.exists():
            raise ConfigError(
                f"{self.where}: {self.name} is not on Python's path, legal: a file or package in src/ of the project, "
                "or an installed one"
            )
        return found.resolve()

    def hash(self) -> str:
        """SHA-256 of the source, by name and content."""
        source = self.source()
        return sha256_of_tree([source], source.parent)

    def refuse_untracked(self, root: Path) -> None:
        """Raise ConfigError where the stage does not depend on the source; `root` is the folder of dvc.yaml."""
        if problems := untracked(self.where, self.name, self.source(), self.stage, root, "src/"):
            raise ConfigError(*problems)


def untracked(where: str, name: str, file: Path, stage: str, root: Path, home: str) -> list[str]:
    """The problem where a stage does not depend on a file that shapes it, whose changes DVC would then miss.

    Args:
        where: the key of params.yaml that names it.
        name: what the key says.
        file: the file or folder.
        stage: the first one that it shapes.
        root: the folder of dvc.yaml.
        home: a place on which the stage depends.
    """
    described = (root / "dvc.yaml").resolve()
    stages = yaml.safe_load(described.read_text(encoding="utf-8"))["stages"]
    deps = stages.get(stage, {}).get("deps", [])
    if any(file.is_relative_to((described.parent / dep).resolve()) for dep in deps):
        return []
    near = file.relative_to(described.parent) if file.is_relative_to(described.parent) else None
    advice = f"add `- {near}` to the deps of stage {stage} in dvc.yaml" if near else f"move it into {home}"
    return [
        f"{where}: {name} comes from {near or file}, which stage {stage} does not depend on, "
        f"so that a change of it would go unnoticed; legal: a dep of {stage}: {advice}"
    ]


def _found(top: str) -> Path | None:
    """Where Python finds a module or package, if it does and there is a file of it."""
    try:
        spec = find_spec(top)
    except ValueError:  # what was typed at a prompt
        return None
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or [])
    return Path(folders[0] if folders else str(spec.origin))
