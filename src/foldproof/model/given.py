"""What a user gives beside params and data: a network's source, weights to start from, vectors of words.

It shapes what is checked and trained.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from foldproof.config.model import Model
from foldproof.config.own_code import untracked
from foldproof.errors import ConfigError
from foldproof.model import factory_source, start_source
from foldproof.reproducibility import sha256_of_file

STAGES = ("check", "train")  # that make networks, and so depend on all that shapes them


class Given(NamedTuple):
    """A file or folder, the key `where` that names it so, and a place on which these stages depend."""

    where: str
    name: str
    file: Path
    home: str


def hash_of_given(section: Model) -> str:
    """It changes with the content of whatever section `model` names; empty where that is nothing."""
    vectors = Path(section.embedding.vectors or "")
    of_vectors = sha256_of_file(vectors) if vectors.is_file() else ""
    return factory_source.hash_of_source(section) + start_source.hash_of_start(section) + of_vectors


def refuse_untracked(section: Model, root: Path) -> None:
    """Raise ConfigError where a stage of these does not depend on what is given; `root` is the folder of dvc.yaml."""
    problems = [
        problem
        for one in _given(section)
        for stage in STAGES
        for problem in untracked(one.where, one.name, one.file, stage, root, one.home)
    ]
    if problems:
        raise ConfigError(*problems)


def _given(section: Model) -> Iterator[Given]:
    own = factory_source.own_network(section)
    if own:
        yield Given(own.where, own.name, own.source(), "src/")
    if section.start_from is not None and start_source.files_of_start(section):
        yield Given(start_source.WHERE, section.start_from, Path(section.start_from).resolve(), "data/start/")
    if section.embedding.vectors is not None:
        vectors = section.embedding.vectors
        yield Given("model.embedding.vectors", vectors, Path(vectors).resolve(), "data/start/")
