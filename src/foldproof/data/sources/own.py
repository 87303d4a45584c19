"""A source of the user's own: `data.source: package.module:function`, called as `function(path)`.

It returns features and targets, and maybe the names of a table's columns, as `describe` takes them; or a `Reading`,
whose chunks need not be in memory at once.
"""

from importlib import import_module
from pathlib import Path

from foldproof.config.data import Data
from foldproof.config.own_code import OwnCode
from foldproof.data.dataset import reading_of
from foldproof.data.describing import describe
from foldproof.data.reading import Reading
from foldproof.errors import ConfigError, DataError

WHERE = "data.source"


def own_source(section: Data) -> OwnCode | None:
    """The user's function; None where the source is one of foldproof's."""
    return OwnCode(section.source, WHERE, "prepare") if ":" in section.source else None


def open_own(section: Data) -> Reading:
    """Call the function; raises ConfigError where there is none, DataError where what it returns cannot be used."""
    module, _, name = section.source.partition(":")
    try:
        function = getattr(import_module(module), name)
    except ImportError as error:
        raise ConfigError(
            f"{WHERE}: {section.source} cannot be imported: {error}; legal: a module on Python's path, such as a file "
            "in src/ of the project"
        ) from None
    except AttributeError:
        raise ConfigError(f"{WHERE}: {module} has no {name!r}; legal: a function of that module") from None
    if not callable(function):
        raise ConfigError(f"{WHERE}: {section.source} is {type(function).__name__}, legal: a function of a path")
    found = function(section.path)
    if isinstance(found, Reading):
        return found
    if not isinstance(found, tuple) or len(found) not in (2, 3):
        raise DataError(
            f"{WHERE}: {section.source} returned {type(found).__name__}, legal: (features, targets), (features, "
            "targets, names), or a Reading"
        )
    features, targets, *names = found
    target = section.targets[0] if section.targets else "target"
    called = Path(section.path).stem if section.path else name
    feature_names = tuple(map(str, names[0])) if names else ()
    return reading_of(describe(called, features, targets, section.task, feature_names=feature_names, target=target))
