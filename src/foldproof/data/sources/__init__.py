"""Sources of data: a table `name -> open(section)`; each row reads one format and hands over its rows in chunks."""

from collections.abc import Callable

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, collect
from foldproof.data.reading import Chunk, Reading
from foldproof.data.sources.bundled import BUNDLED
from foldproof.data.sources.csv import load_csv
from foldproof.data.sources.idx import open_idx
from foldproof.data.sources.image_folder import open_image_folder
from foldproof.data.sources.npz import load_npz


def _in_memory(load: Callable[[Data], Dataset]) -> Callable[[Data], Reading]:
    """A source whose format is read whole."""

    def opened(section: Data) -> Reading:
        dataset = load(section)
        return Reading(dataset.schema, lambda: iter([Chunk(**dataset.arrays())]), len(dataset.features))

    return opened


SOURCES: dict[str, Callable[[Data], Reading]] = {
    **{name: _in_memory(load) for name, load in BUNDLED.items()},
    "csv": _in_memory(load_csv),
    "npz": _in_memory(load_npz),
    "idx": open_idx,
    "image_folder": open_image_folder,
}


def open_source(section: Data) -> Reading:
    """What section `data` names, validated and typed; raises DataError with all problems, here or by the last chunk."""
    return SOURCES[section.source](section)


def load_source(section: Data) -> Dataset:
    """The same, in memory."""
    return collect(open_source(section))
