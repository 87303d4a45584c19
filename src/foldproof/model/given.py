"""What a user gives beside params and data: a network's source, weights to start from, vectors of words.

It shapes what is trained.
"""

from pathlib import Path

from foldproof.config.model import Model
from foldproof.config.own_code import refuse_untracked as refuse_untracked_file
from foldproof.errors import ConfigError
from foldproof.model import factory_source, start_source
from foldproof.reproducibility import sha256


def hash_of_given(section: Model) -> str:
    """It changes with the content of whatever section `model` names; empty where that is nothing."""
    return factory_source.hash_of_source(section) + start_source.hash_of_start(section) + _hash_of_vectors(section)


def refuse_untracked(section: Model, root: Path) -> None:
    """Raise ConfigError where stage train does not depend on what is given; `root` is the folder of dvc.yaml."""
    problems: list[str] = []
    own = factory_source.own_network(section)
    if own:
        problems += _problems(factory_source.WHERE, own.name, own.source(), root, "src/")
    if section.start_from is not None and start_source.files_of_start(section):
        place = Path(section.start_from).resolve()
        problems += _problems(start_source.WHERE, section.start_from, place, root, "data/start/")
    if section.embedding.vectors is not None:
        place = Path(section.embedding.vectors).resolve()
        problems += _problems("model.embedding.vectors", section.embedding.vectors, place, root, "data/start/")
    if problems:
        raise ConfigError(*problems)


def _hash_of_vectors(section: Model) -> str:
    vectors = section.embedding.vectors
    return sha256(Path(vectors).read_bytes()) if vectors and Path(vectors).is_file() else ""


def _problems(where: str, name: str, file: Path, root: Path, home: str) -> list[str]:
    try:
        refuse_untracked_file(where, name, file, "train", root, home)
    except ConfigError as error:
        return list(error.problems)
    return []
