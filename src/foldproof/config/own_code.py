"""Where a user's own code lies, `package.module:function`, and that nothing made by it goes stale unnoticed.

It is read without importing it, so that what needs none of its packages can name it.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import yaml

from foldproof.errors import ConfigError
from foldproof.reproducibility import sha256_of_tree


@dataclass(frozen=True)
class OwnCode:
    """A function of the user's: `where` is the key that names it, `stage` the one that calls it first."""

    name: str
    where: str
    stage: str

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
        refuse_untracked(self.where, self.name, self.source(), self.stage, root, "src/")


def refuse_untracked(where: str, name: str, file: Path, stage: str, root: Path, home: str) -> None:
    """Raise ConfigError where a stage does not depend on a file that shapes it, whose changes DVC would then miss.

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
        return
    near = file.relative_to(described.parent) if file.is_relative_to(described.parent) else None
    advice = f"add `- {near}` to the deps of stage {stage} in dvc.yaml" if near else f"move it into {home}"
    raise ConfigError(
        f"{where}: {name} comes from {near or file}, which stage {stage} does not depend on, "
        f"so that a change of it would go unnoticed; legal: a dep of {stage}: {advice}"
    )


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
