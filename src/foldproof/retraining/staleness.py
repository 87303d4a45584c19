"""What DVC finds changed, stage by stage, and the `dvc repro` that mends it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from foldproof.errors import FoldproofError
from foldproof.retraining.programs import complaint
from foldproof.workflow import stage_environment

_RAN = re.compile(r"Running stage '([^']+)'")
ELSEWHERE = "/dvc.yaml:"  # in the name of a stage of another pipeline
ABSENT = ("deleted", "not in cache")
_RESTORED = re.compile(r"Stage '([^']+)' is cached - skipping run")


@dataclass(frozen=True)
class Status:
    """What `dvc status` says: stages and tracked data that are not as dvc.lock and the .dvc files have them.

    Of the pipeline at the root: others in the repository, such as examples, are nobody's model.
    """

    entries: dict[str, list[Any]]

    @classmethod
    def of(cls, root: Path) -> "Status":
        """Ask DVC; whether imported data has news elsewhere is not asked."""
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            with chdir(root), Repo() as repo:  # DVC names paths as seen from here
                found = repo.status(check_updates=False)
        except DvcException as error:
            raise FoldproofError(f"dvc status: {complaint(str(error))}") from None
        return cls({name: said for name, said in found.items() if ELSEWHERE not in name})

    @property
    def stages(self) -> dict[str, str]:
        """Stale stages, and why; some that follow from them may not be among them."""
        return {name: _why(said) for name, said in self.entries.items() if not name.endswith(".dvc")}

    def outs(self, *states: str) -> list[str]:
        """The outputs, of stages and of tracked data, in one of these states."""
        return [path for name in self.entries for path, state in self._outs(name) if state in states]

    @property
    def data(self) -> dict[str, str]:
        """Tracked data that is not what its .dvc file says: path and state."""
        return {path: state for name in self.entries if name.endswith(".dvc") for path, state in self._outs(name)}

    def _outs(self, name: str) -> list[tuple[str, str]]:
        said = [entry for entry in self.entries[name] if isinstance(entry, dict)]
        return [item for entry in said for item in entry.get("changed outs", {}).items()]


@dataclass(frozen=True)
class Reproduced:
    """What `dvc repro` did, stage by stage."""

    ran: tuple[str, ...]
    restored: tuple[str, ...]  # from the cache of earlier runs, without running


def reproduce(root: Path, *, pull: bool) -> Reproduced:
    """Run `dvc repro`, shown as it goes; with `pull`, what earlier runs made is restored from the DVC remote."""
    command = [sys.executable, "-m", "dvc", "repro", *(["--pull"] if pull else [])]
    ran: list[str] = []
    restored: list[str] = []
    with subprocess.Popen(
        command,
        cwd=root,
        env=stage_environment() | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in _lines(process.stdout):
            print(line, end="", flush=True)
            ran += _RAN.findall(line)
            restored += _RESTORED.findall(line)
    if process.returncode:
        raise FoldproofError(
            f"dvc repro ended with exit code {process.returncode}; its lines above say why",
            "mend the cause and run again: finished stages are kept, and training goes on from its last checkpoint",
        )
    return Reproduced(tuple(ran), tuple(restored))


def _lines(stream: IO[str]) -> Iterator[str]:
    """Lines to the end: Ctrl-C reaches DVC too, and what it then says must not be cut short."""
    while True:
        try:
            line = stream.readline()
        except KeyboardInterrupt:
            continue
        if not line:
            return
        yield line


def _why(said: list[Any]) -> str:
    """What a stage reads that has changed; what is merely not there follows from another stage."""
    reasons = [entry for entry in said if isinstance(entry, str)]
    changed = [item for entry in said if isinstance(entry, dict) for item in entry.get("changed deps", {}).items()]
    for path, state in changed:
        if isinstance(state, dict):  # {params.yaml: {train: modified}}
            reasons += [f"{path.removesuffix('.yaml')} {key}" for key in state]
        elif state not in ABSENT:
            reasons.append(path)
    return ", ".join(reasons) or "its outputs are not there"
