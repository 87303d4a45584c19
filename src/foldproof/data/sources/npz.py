"""A NumPy archive with the arrays `features` and `targets`: a table or images, as the user's own code saved them."""

import zipfile
from pathlib import Path

import numpy as np

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, describe
from foldproof.errors import DataError

ARRAYS = ("features", "targets")


def load_npz(section: Data) -> Dataset:
    """Read `data.path`; raises DataError naming the file and what is missing in it. Pickled objects are refused."""
    assert section.path is not None
    path = Path(section.path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            missing = [name for name in ARRAYS if name not in archive]
            if missing:
                raise DataError(f"{path}: no array {missing}; found {sorted(archive)}, needed {list(ARRAYS)}")
            features, targets = (archive[name] for name in ARRAYS)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file (data.path is relative to the project's root)") from None
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise DataError(f"{path}: not a readable .npz archive of plain arrays: {error}") from None
    return describe(
        path.stem, features, targets, section.task, target=section.targets[0] if section.targets else "target"
    )
