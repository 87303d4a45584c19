"""Fresh clones of this repository's last commit, and commands run in them as their users would."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from benchmarks.jobs import ROOT
from foldproof.config.reading import read_yaml
from foldproof.workflow import stage_environment


@dataclass(frozen=True)
class Clone:
    """A working copy; runs of all clones beside each other are recorded in one MLflow store."""

    folder: Path

    @classmethod
    def fresh(cls, folder: Path, changes: dict[str, dict[str, Any]]) -> "Clone":
        """Clone into `folder` and change keys of params.yaml, section by section."""
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        values = read_yaml(folder / "params.yaml")
        for section, keys in changes.items():
            values[section] = {**values[section], **keys}
        (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        return cls(folder)

    def seconds(self, *command: str) -> float:
        """Wall time of a command of this interpreter (`-m dvc repro`)."""
        return seconds_of(command, self.folder, self.environment())

    def output(self, *command: str) -> str:
        """What a command of this interpreter prints on its standard output."""
        environment = self.environment() | {"PYTHONPATH": os.pathsep.join([str(self.folder / "src"), str(ROOT)])}
        done = subprocess.run(
            [sys.executable, *command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} in a clone: exit code {done.returncode}\n{done.stderr[-2000:]}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """This interpreter and the clone's own sources first; store and DVC's site cache beside the clone."""
        ours = ("MLFLOW_", "FOLDPROOF_", "DVC_", "GIT_")
        inherited = {name: value for name, value in stage_environment().items() if not name.startswith(ours)}
        return inherited | {
            "PYTHONPATH": str(self.folder / "src"),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.folder.parent / "site cache"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.folder.parent / 'store.db'}",
        }


def seconds_of(command: Sequence[str], folder: Path, environment: dict[str, str]) -> float:
    """Wall time of a command of this interpreter; raises RuntimeError with what it printed where it fails."""
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return seconds
