"""Trainings that were killed and can go on: where their checkpoints lie, and when those are cleared away.

They lie in the main workspace, so that an experiment in a temporary folder finds them again. What a stage has finished
stays until DVC has recorded it: the next stage clears it, or the same one when it is forced to run again.
"""

import shutil
from pathlib import Path

FOLDER = Path(".foldproof/resume")


def unfinished_in(workspace: Path, root: Path) -> Path:
    """For stage train at `root`: the folder of the workspace's trainings, without those that DVC has recorded."""
    lock = root / "dvc.lock"
    for folder in _finished(workspace, root):
        if lock.exists() and lock.stat().st_mtime_ns > (folder / "finished").stat().st_mtime_ns:
            shutil.rmtree(folder)
    return workspace / FOLDER


def clear_finished(workspace: Path, root: Path) -> None:
    """For the stage after train: what the one at `root` has finished is recorded now."""
    for folder in _finished(workspace, root):
        shutil.rmtree(folder)


def clean(root: Path) -> str:
    """Remove every unfinished training of a workspace; says what went. A stage must not be running."""
    folders = [path for path in (root / FOLDER).glob("*") if path.is_dir()]
    size = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(root / FOLDER, ignore_errors=True)
    if not folders:
        return "no unfinished trainings; nothing to remove"
    return f"removed the checkpoints of {len(folders)} unfinished trainings, {size / 2**20:.1f} MiB"


def _finished(workspace: Path, root: Path) -> list[Path]:
    marks = (workspace / FOLDER).glob("*/finished")
    return [mark.parent for mark in marks if mark.read_text(encoding="utf-8") == str(root)]
