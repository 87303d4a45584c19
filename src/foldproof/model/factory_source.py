"""Where the source of a user's own network lies, and that nothing trained from it goes stale unnoticed."""

from pathlib import Path

from foldproof.config.model import Model
from foldproof.config.own_code import OwnCode
from foldproof.errors import ConfigError

WHERE = "model.factory"


def own_code(name: str | None) -> OwnCode:
    """The function that makes a network; raises ConfigError where `name` is not `package.module:function`."""
    module, colon, function = (name or "").partition(":")
    if not (colon and function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ConfigError(
            f"{WHERE}: found {name or 'null'}, legal with model.name factory: package.module:function, such as "
            "networks:make for the function `make(shape, outputs)` in src/networks.py"
        )
    return OwnCode(f"{module}:{function}", WHERE, "train", "(shape, outputs)")


def own_network(section: Model) -> OwnCode | None:
    """The user's network; None where it is foldproof's own."""
    return own_code(section.factory) if section.name == "factory" else None


def source_of(section: Model) -> Path | None:
    """The file of the user's network, or the folder of its package; None where the network is foldproof's own."""
    own = own_network(section)
    return own.source() if own else None


def hash_of_source(section: Model) -> str:
    """SHA-256 of the user's network's source, by name and content; empty where the network is foldproof's own."""
    own = own_network(section)
    return own.hash() if own else ""
