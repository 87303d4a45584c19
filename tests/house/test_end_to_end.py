"""The pipeline as its users drive it: `dvc` in clones of this checkout, with two folds and two epochs.

One clone is run from nothing; each test goes on from a copy of it, so that none depends on another.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from copy import deepcopy
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldproof.config.reading import read_yaml

pytestmark = pytest.mark.end_to_end

ROOT = Path(__file__).resolve().parents[2]
STAGES = ["prepare", "split", "preprocess", "check", "train", "evaluate", "report"]
TINY = {"split__folds": 2, "train__epochs": 2, "evaluate__bootstrap": 100}
TOO_FAST = {"train__optimizer__learning_rate": 1e6, "check__rate_range": {"severity": "error"}}
IN_GIT = {"dvc.lock", "reports/metrics.json", "reports/mean_curves.csv", "reports/predictions.csv"}
OURS = ("MLFLOW_", "FOLDPROOF_", "DVC_", "GIT_", "PYTHONPATH")


@dataclass(frozen=True)
class Project:
    """A clone that commands are run in."""

    folder: Path

    def dvc(self, *arguments: str, fails: bool = False) -> str:
        """Run `dvc`; returns what it printed on both streams."""
        return self.run([str(Path(sys.executable).parent / "dvc"), *arguments], fails=fails)

    def run(self, command: list[str], *, fails: bool = False) -> str:
        """Run a command in the clone, and with the clone's own sources."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"exit code {done.returncode}:\n{done.stdout}"
        return done.stdout

    def params(self, **changes: Any) -> dict[str, Any]:
        """Set keys of params.yaml, dots in their names written as two underscores; returns what was there."""
        file = self.folder / "params.yaml"
        before: dict[str, Any] = read_yaml(file)
        after = deepcopy(before)
        for name, value in changes.items():
            *sections, key = name.split("__")
            reduce(getitem, sections, after)[key] = value
        file.write_text(yaml.safe_dump(after, sort_keys=False), encoding="utf-8")
        return before

    def hashes(self) -> dict[str, str]:
        """Path to hash of everything that the stages wrote, as dvc.lock has it."""
        stages: dict[str, Any] = yaml.safe_load((self.folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]
        return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}

    def rows(self, query: str) -> list[Any]:
        """What an SQL query finds in the clone's MLflow store."""
        store = sqlite3.connect(f"{(self.folder / 'mlflow.db').as_uri()}?mode=ro", uri=True)
        try:
            return [row[0] for row in store.execute(query)]
        finally:
            store.close()

    def copy(self, folder: Path) -> "Project":
        """A copy to go on from, cache and record included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def _environment(self) -> dict[str, str]:
        mine = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        return mine | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(self.folder / "src"),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.folder.parent / "site cache"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_{what}": "nobody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }


def clone(folder: Path) -> Project:
    """A repository with one commit: what git has or would take of this checkout, with tiny params."""
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
    project = Project(folder)
    project.params(**TINY)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all of it"]):
        project.run(["git", *command])
    return project


def stages_run(printed: str) -> list[str]:
    """The stages whose command was run, in order."""
    return re.findall(r"^Running stage '(\w+)'", printed, re.MULTILINE)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A clone after its first `dvc repro`, and what that printed. Read it, copy it, do not change it."""
    project = clone(tmp_path_factory.mktemp("first") / "clone")
    return project, project.dvc("repro")


@pytest.fixture
def project(first: tuple[Project, str], tmp_path: Path) -> Project:
    """A copy of the first clone, to go on from."""
    return first[0].copy(tmp_path / "copy")


def test_the_first_repro_runs_all_and_leaves_git_as_the_readme_says(first: tuple[Project, str]) -> None:
    project, printed = first
    assert stages_run(printed) == STAGES
    assert "\x1b[" not in printed  # no terminal, no escape codes
    changed = {line[3:] for line in project.run(["git", "status", "--porcelain", "-uall"]).splitlines()}
    assert changed <= IN_GIT
    assert all((project.folder / out).exists() for out in project.hashes())
    assert not (project.folder / "mlruns").exists()


def test_the_record_has_a_parent_and_a_child_for_each_fold(first: tuple[Project, str]) -> None:
    project, _ = first
    assert project.rows("select status from runs") == ["FINISHED"] * 3
    children = "select count(*) from tags where key = 'mlflow.parentRunId'"
    assert project.rows(children) == [2]


def test_the_second_repro_runs_nothing(project: Project) -> None:
    assert stages_run(project.dvc("repro")) == []
    assert project.rows("select count(*) from runs") == [3]


def test_another_clone_elsewhere_writes_the_same_bytes(first: tuple[Project, str], tmp_path: Path) -> None:
    second = clone(tmp_path / "ein anderer Ort é")
    second.dvc("repro")
    assert second.hashes() == first[0].hashes()


def test_another_optimizer_retrains_and_the_old_one_comes_from_the_run_cache(project: Project) -> None:
    before = project.hashes()
    shipped = project.params(train__optimizer__name="nesterov")["train"]["optimizer"]["name"]
    assert shipped != "nesterov"
    assert stages_run(project.dvc("repro")) == ["check", "train", "evaluate", "report"]
    assert project.hashes()["models"] != before["models"]
    project.params(train__optimizer__name=shipped)
    printed = project.dvc("repro")
    assert stages_run(printed) == []
    assert "Stage 'train' is cached" in printed
    assert project.hashes() == before
    assert all((project.folder / out).exists() for out in before)


def test_an_experiment_elsewhere_is_recorded_here(project: Project) -> None:
    runs = set(project.rows("select run_uuid from runs"))
    printed = project.dvc("exp", "run", "--temp", "--name", "coarse", "--set-param", "evaluate.bootstrap=200")
    assert stages_run(printed) == ["evaluate", "report"]
    found = set(project.rows("select run_uuid from runs"))
    assert runs < found
    assert project.rows("select distinct status from runs") == ["FINISHED"]
    assert "coarse" in project.rows("select value from tags")
    assert "coarse" in project.dvc("exp", "show", "--csv")
    assert set(project.run(["git", "status", "--porcelain"]).split()) & {"params.yaml"} == set()


def test_metrics_plots_and_graph_are_shown(project: Project) -> None:
    assert "accuracy" in project.dvc("metrics", "show")
    assert "index.html" in project.dvc("plots", "show")
    graph = project.dvc("dag", "--mermaid")
    assert all(stage in graph for stage in STAGES)


def test_a_training_that_diverges_fails_and_says_how_to_go_back(project: Project) -> None:
    shipped = project.params(**TOO_FAST, check__on_error="warn")
    printed = project.dvc("repro", fails=True)
    assert stages_run(printed) == ["check", "train"]
    assert "training in spite of what checks found wrong" in printed
    assert "dvc checkout" in printed
    assert "Traceback" not in printed
    assert not (project.folder / "models").exists()
    assert project.rows("select count(*) from runs where status = 'RUNNING'") == [0]
    assert project.rows("select count(*) from runs where status = 'FAILED'") != [0]
    project.params(train=shipped["train"], check=shipped["check"])
    project.dvc("checkout")
    assert (project.folder / "models").exists()
    assert stages_run(project.dvc("repro")) == []


def test_an_error_found_before_training_ends_the_pipeline_there(project: Project) -> None:
    shipped = project.params(**TOO_FAST)
    printed = project.dvc("repro", fails=True)
    assert stages_run(printed) == ["check"]
    assert "rate_range: the rate looks too high" in printed
    assert "check.on_error: warn" in printed
    assert "Traceback" not in printed
    assert (project.folder / "models").exists(), "what was trained before is untouched"
    assert project.rows("select distinct status from runs") == ["FINISHED"], "nothing was trained, nothing is recorded"
    project.params(train=shipped["train"], check=shipped["check"])
    assert stages_run(project.dvc("repro")) == []


def test_a_threshold_trains_nothing_anew(project: Project) -> None:
    runs = project.rows("select count(*) from runs")
    project.params(check__capacity={"weights_per_number": 150.0})
    assert set(stages_run(project.dvc("repro"))) <= {"check", "report"}
    assert project.rows("select count(*) from runs") == runs
