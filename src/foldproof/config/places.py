"""Where files that params name must lie: in folders that a stage depends on, so that DVC notices a change of them."""

from pathlib import PurePosixPath

RAW = "data/raw"  # a dep of stage prepare
START = "data/start"  # a dep of stages check and train


def below(path: str, folder: str) -> bool:
    """Whether a path, relative to the project's root, is the folder or lies in it."""
    found = PurePosixPath(path)
    return found.is_relative_to(folder) and ".." not in found.parts
