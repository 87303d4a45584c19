"""A source of the user's own: `data.source: package.module:function`, called as `function(path)`.

It returns features and targets, and maybe the names of a table's columns, as `describe` takes them; or a `Reading`,
whose chunks need not be in memory at once.
"""

from pathlib import Path

from foldproof.config.data import Data
from foldproof.config.own_code import OwnCode
from foldproof.data.dataset import reading_of
from foldproof.data.describing import describe
from foldproof.data.reading import Reading
from foldproof.errors import DataError

WHERE = "data.source"


def own_source(section: Data) -> OwnCode | None:
    """The user's function; None where the source is one of foldproof's."""
    return OwnCode(section.source, WHERE, "prepare", "a path") if ":" in section.source else None


def open_own(section: Data) -> Reading:
    """Call the function; raises ConfigError where there is none, DataError where what it returns cannot be used."""
    own = own_source(section)
    assert own is not None
    found = own.function()(section.path)
    if isinstance(found, Reading):
        return found
    if not isinstance(found, tuple) or len(found) not in (2, 3):
        raise DataError(
            f"{WHERE}: {section.source} returned {type(found).__name__}, legal: (features, targets), (features, "
            "targets, names), or a Reading"
        )
    features, targets, *names = found
    target = section.targets[0] if section.targets else "target"
    called = Path(section.path).stem if section.path else section.source.partition(":")[2]
    feature_names = tuple(map(str, names[0])) if names else ()
    return reading_of(describe(called, features, targets, section.task, feature_names=feature_names, target=target))
