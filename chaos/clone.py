"""A scratch clone of this checkout with a small job, and commands in it that can be found again and ended."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from chaos.processes import MARK

ROOT = Path(__file__).resolve().parents[1]
OURS = ("MLFLOW_", "FOLDPROOF_", "DVC_", "GIT_", "PYTHONPATH", MARK)
PREPARED = "check"  # the last stage before training
# Some seconds of training after the imports, so that there is something to interrupt, and every kind of stage output.
Params = Mapping[str, Mapping[str, Any]]
SMALL: Params = {
    "data": {"source": "digits"},
    "split": {"folds": 3, "repeats": 1},
    "model": {"name": "cnn", "cnn": {"channels": [16, 32], "hidden": 32}},
    "train": {"epochs": 16, "batch_size": 64, "early_stopping": {"patience": 6}, "threads": 1},
    "evaluate": {"bootstrap": 100},
}


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    said: str
    seconds: float


@dataclass(frozen=True)
class Clone:
    """A clone that commands are run in; what they say is added to a log beside it."""

    folder: Path
    log_file: Path | None = None

    @property
    def log(self) -> Path:
        """All that was said in this clone."""
        return self.log_file or self.folder.with_name(self.folder.name + ".log")

    def speaking_to(self, log: Path) -> "Clone":
        """The same clone with another log, for commands that run at the same time."""
        return replace(self, log_file=log)

    @property
    def log_end(self) -> int:
        """How long the log is."""
        return self.log.stat().st_size if self.log.exists() else 0

    def start(self, *command: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start a command in a session of its own."""
        with self.log.open("ab") as said:
            said.write(f"\n$ {' '.join(command)}\n".encode())
            said.flush()
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def repro(self, *arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start `dvc repro`."""
        return self.start(sys.executable, "-m", "dvc", "repro", *arguments, **variables)

    def foldproof(self, *arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start a command of foldproof."""
        return self.start(str(Path(sys.executable).parent / "foldproof"), *arguments, **variables)

    def run(self, *command: str, **variables: str) -> Done:
        """Run a command to its end."""
        since = self.log_end
        return self.until_end(self.start(*command, **variables), since)

    def until_end(self, process: "subprocess.Popen[bytes]", since: int | None = None) -> Done:
        """Wait for a command; `since` is where in the log its words begin (default: here)."""
        start, began = self.log_end if since is None else since, time.monotonic()
        code = process.wait()
        return Done(code, self.log.read_bytes()[start:].decode(errors="replace"), time.monotonic() - began)

    def sync(self, **variables: str) -> Done:
        """Run `foldproof sync`."""
        since = self.log_end
        return self.until_end(self.foldproof("sync", **variables), since)

    def copy(self, folder: Path) -> "Clone":
        """A copy to go on from."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Clone(folder)

    def stages_done(self) -> list[str]:
        """The stages whose end DVC has noted."""
        try:
            return list((yaml.safe_load((self.folder / "dvc.lock").read_text(encoding="utf-8")) or {})["stages"])
        except (OSError, yaml.YAMLError, KeyError):
            return []

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        mine = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        quiet = {"DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        people = {f"GIT_{who}_{what}": "nobody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return {
            **mine,
            **quiet,
            **people,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(self.folder / "src"),
            "DVC_SITE_CACHE_DIR": str(self.folder.with_name(self.folder.name + ".site-cache")),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "OMP_NUM_THREADS": "1",
            MARK: str(self.folder),
            **variables,
        }


def fresh_clone(folder: Path, *params: Params) -> Clone:
    """A repository with one commit: what git has or would take of this checkout, with these keys of params.yaml."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "dvc.lock").unlink(missing_ok=True)
    _set_params(folder / "params.yaml", params)
    clone = Clone(folder)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all of it"]):
        done = clone.run("git", *command)
        assert done.code == 0, done.said
    return clone


def _set_params(file: Path, changes: Iterable[Params]) -> None:
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    for section, keys in (item for change in changes for item in change.items()):
        for key, value in keys.items():
            before = values[section].get(key)
            values[section][key] = before | value if isinstance(before, dict) else value
    file.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
