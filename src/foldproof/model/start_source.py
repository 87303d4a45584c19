"""Where the weights that members start from lie, and that nothing trained from them goes stale unnoticed.

Their files are read as bytes, so that stages which need no torch can name them.
"""

from pathlib import Path

from foldproof.config.model import Model
from foldproof.errors import ConfigError
from foldproof.reproducibility import sha256_of_tree

WHERE = "model.start_from"
RECORD, WEIGHTS = "model.json", "members.safetensors"
_LEGAL = f"a folder with {RECORD} and {WEIGHTS}, or a .safetensors file, such as data/start/mine"
_REMOTE = "models:/"  # how MLflow's addresses of models begin


def files_of_start(section: Model) -> list[Path]:
    """The files of the model to start from: record and weights of a folder, or one file; none where there is none.

    Raises ConfigError where they are not there, or are MLflow's.
    """
    if section.start_from is None:
        return []
    if section.start_from.startswith(_REMOTE):
        raise ConfigError(
            f"{WHERE}: found {section.start_from}, legal: a path, since what MLflow calls so may be another model "
            f"tomorrow; run `foldproof fetch {section.start_from} data/start/mine` and name that folder"
        )
    place = Path(section.start_from)
    found = [place / RECORD, place / WEIGHTS] if place.is_dir() else [place]
    missing = [str(file) for file in found if not file.is_file()]
    if missing:
        raise ConfigError(f"{WHERE}: {', '.join(missing)}: no such file, legal: {_LEGAL}")
    if len(found) == 1 and place.suffix != ".safetensors":
        raise ConfigError(f"{WHERE}: found {place}, legal: {_LEGAL}")
    return found


def hash_of_start(section: Model) -> str:
    """SHA-256 of those files, by content; empty where there are none."""
    files = files_of_start(section)
    return sha256_of_tree(files, files[0].parent) if files else ""
