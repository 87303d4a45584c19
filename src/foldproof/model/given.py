"""What a user gives beside params and data: a network's source, weights to start from. It shapes what is trained."""

from pathlib import Path

import yaml

from foldproof.config.model import Model
from foldproof.errors import ConfigError
from foldproof.model import factory_source, start_source


def hash_of_given(section: Model) -> str:
    """It changes with the content of whatever section `model` names; empty where that is nothing."""
    return factory_source.hash_of_source(section) + start_source.hash_of_start(section)


def refuse_untracked(section: Model, root: Path) -> None:
    """Raise ConfigError where stage train does not depend on what is given, whose changes DVC would then miss.

    Args:
        section: `model` of params.yaml.
        root: the folder of dvc.yaml.
    """
    given: list[tuple[str, str | None, Path, str]] = []
    if (source := factory_source.source_of(section)) is not None:
        given.append((factory_source.WHERE, section.factory, source, "src/"))
    if section.start_from is not None and start_source.files_of_start(section):
        given.append((start_source.WHERE, section.start_from, Path(section.start_from).resolve(), "data/start/"))
    if not given:
        return
    described = (root / "dvc.yaml").resolve()
    stages = yaml.safe_load(described.read_text(encoding="utf-8"))["stages"]
    deps = [(described.parent / dep).resolve() for dep in stages.get("train", {}).get("deps", [])]
    problems = [
        _problem(where, name, file, described.parent, home)
        for where, name, file, home in given
        if not any(file.is_relative_to(dep) for dep in deps)
    ]
    if problems:
        raise ConfigError(*problems)


def _problem(where: str, name: str | None, file: Path, project: Path, home: str) -> str:
    near = file.relative_to(project) if file.is_relative_to(project) else None
    advice = f"add `- {near}` to the deps of stage train in dvc.yaml" if near else f"move it into {home}"
    return (
        f"{where}: {name} comes from {near or file}, which stage train does not depend on, so that a change of it "
        f"would retrain nothing; legal: a dep of train: {advice}"
    )
