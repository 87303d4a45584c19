"""`make retrain` as CI runs it: shallow checkouts of a bare git remote, a DVC remote, and a real MLflow server.

One checkout trains; each test goes on from a copy of the remotes as that has left them.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.house.test_end_to_end import IN_GIT, STAGES, Project, clone, stages_run

from foldproof.retraining.account import PAGE, Account

pytestmark = pytest.mark.end_to_end

ROWS = "data/raw/rows.csv"
SMALL = {
    "data__source": "csv",
    "data__path": ROWS,
    "data__target": "kind",
    "augment__shift": 0,
    "model__name": "linear",
}


@dataclass(frozen=True)
class Site:
    """A folder with the remotes of a project, and the MLflow server that it is told to."""

    folder: Path
    uri: str

    def checkout(self, name: str) -> Project:
        """A shallow clone of main, as CI makes one."""
        Project(self.folder).run(["git", "clone", "-q", "--depth=1", (self.folder / "origin.git").as_uri(), name])
        return Project(self.folder / name)

    def retrain(self, project: Project, *, uri: str | None = None, fails: bool = False) -> tuple[str, str]:
        """Run `make retrain`; returns what it printed, and what it added to the page of CI's job."""
        page = self.folder / f"{project.folder.name} summary.md"
        page.unlink(missing_ok=True)
        settings = [f"MLFLOW_TRACKING_URI={uri or self.uri}", f"{PAGE}={page}", "OMP_NUM_THREADS=1"]
        settings += ["MLFLOW_TRACKING_USERNAME=", "MLFLOW_TRACKING_PASSWORD="]  # a secret that is not set is empty
        printed = project.run(["env", *settings, "make", "retrain", f"VENV={sys.prefix}"], fails=fails)
        return printed, page.read_text(encoding="utf-8")

    def log(self) -> list[str]:
        """Subjects of the commits on the remote's main branch, the last first."""
        return Project(self.folder / "origin.git").run(["git", "log", "--format=%s", "main"]).splitlines()

    def runs(self) -> list[dict[str, Any]]:
        """What MLflow tells of its runs."""
        asked = json.dumps({"experiment_ids": ["0", "1"], "max_results": 100}).encode()
        request = urllib.request.Request(
            f"{self.uri}/api/2.0/mlflow/runs/search", asked, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: list[dict[str, Any]] = json.load(answer).get("runs", [])
        return found


@dataclass(frozen=True)
class Published:
    """What the first retraining has left."""

    site: Site
    ci: Project
    printed: str
    summary: str

    def copy(self, folder: Path) -> Site:
        """The remotes, for a test to change."""
        for name in ("origin.git", "storage"):
            shutil.copytree(self.site.folder / name, folder / name)
        return Site(folder, self.site.uri)


def wait_for(uri: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{uri}/health", timeout=5).close()
            return
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Remotes with a commit that brings new rows, tracked by DVC, and a server."""
    folder = tmp_path_factory.mktemp("a site")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    settings = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=settings, stdout=log, stderr=log, start_new_session=True)
    try:
        author = clone(folder / "author")
        bring_rows(author)
        wait_for(f"http://127.0.0.1:{port}", server)
        yield Site(folder, f"http://127.0.0.1:{port}")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(20)


def bring_rows(author: Project) -> None:
    """What a person does who brings rows: `dvc add`, commit, `dvc push`, `git push`."""
    random = np.random.default_rng(0)
    kinds = np.arange(120) % 2
    features = random.normal(size=(120, 2)) + kinds[:, None]
    table = pd.DataFrame({"a": features[:, 0], "b": features[:, 1], "kind": np.where(kinds, "lefty", "righty")})
    table.to_csv(author.folder / ROWS, index=False)
    author.params(**SMALL)
    author.run(["git", "init", "-q", "--bare", "--initial-branch=main", "../origin.git"])
    author.run(["git", "remote", "add", "origin", "../origin.git"])
    author.dvc("remote", "add", "--quiet", "--default", "store", "../storage")
    author.dvc("add", "--quiet", ROWS)
    author.run(["git", "add", "--all"])
    author.run(["git", "commit", "-q", "-m", "rows"])
    author.dvc("push", "--quiet")
    author.run(["git", "push", "-q", "origin", "HEAD:main"])


@pytest.fixture(scope="module")
def published(site: Site) -> Published:
    """After the first retraining. Read it, copy it, do not change it."""
    ci = site.checkout("ci")
    return Published(site, ci, *site.retrain(ci))


def test_new_rows_are_trained_tracked_and_pushed(published: Published) -> None:
    site, ci = published.site, published.ci
    assert stages_run(published.printed) == STAGES
    [subject, *earlier] = site.log()
    assert subject.startswith("Retrained: accuracy 0.")
    assert subject.endswith("[skip ci]")
    assert earlier == ["rows", "all of it"]
    origin = Project(site.folder / "origin.git")
    assert set(origin.run(["git", "show", "--format=", "--name-only", "main"]).split()) == IN_GIT
    assert ci.run(["git", "status", "--porcelain"]) == ""
    assert ci.dvc("status", "--cloud", "--json").strip() == "{}"
    runs = site.runs()
    assert [run["info"]["status"] for run in runs] == ["FINISHED"] * 3
    [parent] = [run for run in runs if not any(tag["key"] == "mlflow.parentRunId" for tag in run["data"]["tags"])]
    tags = {tag["key"]: tag["value"] for tag in parent["data"]["tags"]}
    assert tags["mlflow.source.git.commit"] == origin.run(["git", "rev-parse", "main~1"]).strip()
    assert tags["foldproof.git_dirty"] == "false"
    for told in (tags["foldproof.digest"], tags["mlflow.source.git.commit"], parent["info"]["run_id"], "prepare"):
        assert told in published.summary


def test_the_summary_shows_no_row_unless_asked_to(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.read_csv(published.site.folder / "author" / ROWS)
    cells = {str(value) for name in table.columns for value in table[name]}
    shown = published.summary + published.ci.run(["git", "log", "-1", "--format=%B"])
    assert "majority class" in shown
    assert not {cell for cell in cells if cell in shown}
    page = published.site.folder / "asked for.md"
    monkeypatch.setenv(PAGE, str(page))
    account = Account(rows=2)
    account.result(published.ci.folder)
    account.write()
    assert "lefty" in page.read_text()
    assert not {str(value) for value in table["a"] if str(value) in page.read_text()}


def test_a_fresh_clone_has_the_model_and_a_second_call_does_nothing(published: Published, tmp_path: Path) -> None:
    site = published.copy(tmp_path)
    fresh = site.checkout("fresh")
    fresh.dvc("pull")
    assert (fresh.folder / "models/members.safetensors").exists()
    assert fresh.dvc("status", "dvc.yaml").strip() == "Data and pipelines are up to date."
    before, runs = site.log(), site.runs()
    printed, summary = site.retrain(fresh)
    assert stages_run(printed) == []
    assert "Nothing to retrain" in summary
    assert runs[0]["info"]["experiment_id"] in summary
    assert (site.log(), site.runs()) == (before, runs)
    assert fresh.run(["git", "status", "--porcelain"]) == ""
    # A server that is away is told, and fails nothing.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = f"http://me:secretive@127.0.0.1:{free.getsockname()[1]}"
    printed, summary = site.retrain(fresh, uri=away)
    assert "the next run sends what lacks" in summary
    assert "secretive" not in printed + summary


def test_killed_before_its_commit_it_trains_nothing_anew_and_goes_on_a_branch_that_moved(
    published: Published, tmp_path: Path
) -> None:
    site = published.copy(tmp_path)
    Project(tmp_path / "origin.git").run(["git", "update-ref", "refs/heads/main", "main~1"])
    ci, author, runs = site.checkout("ci"), site.checkout("author"), site.runs()
    (author.folder / "NOTES.md").write_text("meanwhile")
    for command in (["add", "NOTES.md"], ["commit", "-q", "-m", "meanwhile"], ["push", "-q"]):
        author.run(["git", *command])
    printed, summary = site.retrain(ci)
    assert stages_run(printed) == []
    assert "on top of 1 that came meanwhile" in summary
    [subject, *earlier] = site.log()
    assert subject.startswith("Retrained: ")
    assert earlier == ["meanwhile", "rows", "all of it"]
    assert (ci.folder / "dvc.lock").read_bytes() == (published.ci.folder / "dvc.lock").read_bytes()
    assert [run["info"]["run_id"] for run in site.runs()] == [run["info"]["run_id"] for run in runs]
    assert {run["info"]["status"] for run in site.runs()} == {"FINISHED"}


def test_a_remote_that_cannot_be_reached_stops_it_before_anything_is_changed(
    published: Published, tmp_path: Path
) -> None:
    site = published.copy(tmp_path)
    ci, before = site.checkout("ci"), site.log()
    ci.dvc("remote", "modify", "--local", "store", "url", "http://me:secretive@127.0.0.1:1/storage")
    printed, summary = site.retrain(ci, fails=True)
    assert "stopped at: dvc pull" in printed
    assert "Retraining stopped at: dvc pull" in summary
    assert "remote 'store' cannot be reached" in summary
    assert "secretive" not in printed + summary
    assert not (ci.folder / "models").exists()
    assert (site.log(), ci.run(["git", "status", "--porcelain"])) == (before, "")
