"""Sources of data: a table `name -> open(section)`; each row opens one kind of data to a `Reading`."""

from collections.abc import Callable
from pathlib import Path

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, collect, reading_of
from foldproof.data.reading import Reading
from foldproof.data.sources.bundled import BUNDLED
from foldproof.data.sources.conll import open_conll
from foldproof.data.sources.idx import open_idx
from foldproof.data.sources.image_folder import open_image_folder
from foldproof.data.sources.npz import load_npz
from foldproof.data.sources.own import open_own, own_source
from foldproof.data.sources.table_files import TABLE_FILES
from foldproof.data.sources.tables import open_table
from foldproof.errors import DataError
from foldproof.reproducibility import sha256_of_file

Open = Callable[[Data], Reading]


def _in_memory(load: Callable[[Data], Dataset]) -> Open:
    """A source that holds all rows at once, as one that hands them over in one chunk."""
    return lambda section: reading_of(load(section))


SOURCES: dict[str, Open] = {
    **{name: _in_memory(load) for name, load in BUNDLED.items()},
    **dict.fromkeys(TABLE_FILES, open_table),
    "npz": _in_memory(load_npz),
    "idx": open_idx,
    "image_folder": open_image_folder,
    "conll": open_conll,
}


def open_source(section: Data) -> Reading:
    """Open what section `data` names, having looked at all of it; raises DataError with every problem."""
    if section.sha256 is not None:
        _refuse_other_file(section)
    return SOURCES.get(section.source, open_own)(section)


def load_source(section: Data) -> Dataset:
    """The rows that section `data` names, in memory."""
    return collect(open_source(section))


def refuse_untracked_source(section: Data, root: Path) -> None:
    """Raise ConfigError where stage prepare does not depend on the user's own source (`root` holds dvc.yaml)."""
    own = own_source(section)
    if own:
        own.refuse_untracked(root)


def hash_of_own_source(section: Data) -> str:
    """SHA-256 of the user's own source; empty where the source is one of foldproof's."""
    own = own_source(section)
    return own.hash() if own else ""


def _refuse_other_file(section: Data) -> None:
    path = Path(section.path or "")
    if not path.is_file():
        raise DataError(f"{path}: no such file, whose data.sha256 is given (nothing is downloaded)")
    found = sha256_of_file(path)
    if found != section.sha256:
        raise DataError(f"{path}: SHA-256 is {found}, data.sha256 says {section.sha256}; another or a damaged file")
