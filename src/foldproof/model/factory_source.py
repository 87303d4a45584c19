"""Where the source of a user's own network lies, and that nothing trained from it goes stale unnoticed.

It is read without importing it, so that stages which need no torch can name it.
"""

from importlib.util import find_spec
from pathlib import Path

from foldproof.config.model import Model
from foldproof.errors import ConfigError
from foldproof.reproducibility import sha256_of_tree

WHERE = "model.factory"


def parted(name: str | None) -> tuple[str, str]:
    """Module and function of `package.module:function`."""
    module, colon, function = (name or "").partition(":")
    if not (colon and function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ConfigError(
            f"{WHERE}: found {name or 'null'}, legal with model.name factory: package.module:function, such as "
            "networks:make for the function `make(shape, outputs)` in src/networks.py"
        )
    return module, function


def source_of(section: Model) -> Path | None:
    """The file of the user's network, or the folder of its package; None where the network is foldproof's own."""
    if section.name != "factory":
        return None
    found = _found(parted(section.factory)[0].partition(".")[0])
    if found is None or not found.exists():
        raise ConfigError(
            f"{WHERE}: {section.factory} is not on Python's path, legal: a file or package in src/ of the project, or "
            "an installed one"
        )
    return found.resolve()


def hash_of_source(section: Model) -> str:
    """SHA-256 of the user's network's source, by name and content; empty where the network is foldproof's own."""
    source = source_of(section)
    return "" if source is None else sha256_of_tree([source], source.parent)


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
