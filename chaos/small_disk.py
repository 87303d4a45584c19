"""A small file system of its own in a folder (tmpfs; mounting asks for root), which can be filled up and freed."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BALLAST = ".ballast"
CHUNK = 65536


@dataclass(frozen=True)
class SmallDisk:
    """A mounted folder."""

    folder: Path

    def fill(self, leave: int = 0) -> None:
        """Write until nothing more fits, but `leave` bytes."""
        with (self.folder / BALLAST).open("ab", buffering=0) as stream:
            try:
                while True:
                    stream.write(b"\0" * CHUNK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            stream.truncate(max(0, stream.tell() - leave))

    def free(self) -> None:
        """Take away what filled it."""
        (self.folder / BALLAST).unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount it over `folder`, with a copy of what lies there; what is written is gone afterwards.

    Raises:
        PermissionError: this user may not mount.
    """
    folder.mkdir(parents=True, exist_ok=True)
    beneath = folder.with_name(folder.name + ".beneath")
    shutil.copytree(folder, beneath, symlinks=True)
    options = f"size={megabytes}m,mode=0755"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(beneath)
        raise PermissionError(done.stderr.strip() or "mount failed")
    try:
        shutil.copytree(beneath, folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(beneath)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
