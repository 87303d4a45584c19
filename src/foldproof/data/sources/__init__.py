"""Sources of data: a table `name -> load(section)`; each row reads one format and returns a validated Dataset."""

from collections.abc import Callable

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, collect
from foldproof.data.sources.bundled import BUNDLED
from foldproof.data.sources.conll import open_conll
from foldproof.data.sources.csv import load_csv
from foldproof.data.sources.npz import load_npz

SOURCES: dict[str, Callable[[Data], Dataset]] = {
    **BUNDLED,
    "csv": load_csv,
    "npz": load_npz,
    "conll": lambda section: collect(open_conll(section)),
}


def load_source(section: Data) -> Dataset:
    """Read, validate and type the rows that section `data` names; raises DataError with every problem."""
    return SOURCES[section.source](section)
