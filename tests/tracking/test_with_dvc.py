"""With DVC itself: runs of temporary and queued experiments land in the main workspace; cached stages are recorded."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from foldproof.tracking import restoring
from foldproof.tracking.journal import read
from foldproof.tracking.picture import picture_of
from foldproof.tracking.sync import sync
from foldproof.tracking.workspace import Home
from tests.tracking.projects import (
    EPOCHS,
    PARAMS,
    leave_evaluation,
    leave_report,
    leave_training,
    make_project,
)
from tests.tracking.stores import forget_settings, held, open_store

REPOSITORY = Path(__file__).resolve().parents[2]
EXPERIMENT = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})  # for the made-up fit of these tests
from foldproof.config import load_params
from foldproof.tracking import restoring
from foldproof.tracking.recorder import Recorder
from tests.tracking.projects import tell_fit
from tests.tracking.stage_process import SCHEMA
restoring.environment = lambda: {{}}
with Recorder("train", schema=SCHEMA) as record:
    tell_fit(record.sink)
open("out.txt", "w").write(str(load_params().train.epochs))
"""
TRAIN = """
stages:
  train: {cmd: python train.py, params: [train], deps: [train.py], outs: [out.txt]}
"""
STAGE = """
  {name}:
    cmd: cp -r kept/{name}/. .
    deps: [kept/{name}{dep}]
    params: [{section}]
    outs: [{out}]
"""


def run(root: Path, *command: str) -> str:
    """Run git or dvc as a user would, this environment's Python first on the path; what it says goes through a file.

    The worker that `dvc queue start` leaves behind would keep a pipe open.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    identity = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ = os.environ | identity | {"PATH": path, "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"}
    with TemporaryFile("w+") as said:
        code = subprocess.run(
            command, cwd=root, env=environ, stdout=said, stderr=said, check=False, timeout=120
        ).returncode
        said.seek(0)
        text = said.read()
    assert code == 0, text
    return text


def repository(root: Path, dvc_yaml: str) -> None:
    (root / "params.yaml").write_text(PARAMS)
    (root / "dvc.yaml").write_text(dvc_yaml)
    (root / ".gitignore").write_text(".foldproof\nmlflow.db*\nmlartifacts\n")
    run(root, "git", "init", "-q")
    run(root, "dvc", "init", "-q")
    run(root, "git", "add", ".")
    run(root, "git", "commit", "-qm", "first")


@pytest.fixture(scope="module")
def experiments(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A project with an experiment that ran in a temporary folder, and one that is queued, which takes DVC a while."""
    clean = pytest.MonkeyPatch()
    forget_settings(clean)
    root = tmp_path_factory.mktemp("experiments") / "my project"
    root.mkdir()
    (root / "train.py").write_text(EXPERIMENT)
    repository(root, TRAIN)
    (root / "mlflow.db").write_bytes(empty_store.read_bytes())
    run(root, "dvc", "exp", "run", "--temp", "-n", "elsewhere", "-S", "train.epochs=5")
    run(root, "dvc", "exp", "run", "--queue", "-n", "waited", "-S", "train.epochs=4")
    run(root, "dvc", "queue", "start")
    clean.undo()
    return root


@pytest.mark.usefixtures("experiments")  # which go on in the meantime
def test_what_dvc_restored_without_running_is_recorded_when_it_belongs_to_the_params(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stages copy their outputs and record nothing, as a run-cache hit."""
    monkeypatch.setattr(restoring, "environment", lambda: {"torch": "1.2.3"})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nobody is there; the journal is what counts here
    make_project(tmp_path)
    for stage, leave in (("train", leave_training), ("evaluate", leave_evaluation), ("report", leave_report)):
        (tmp_path / "kept" / stage / "reports").mkdir(parents=True)
        leave(tmp_path / "kept" / stage)
    described = [
        {"name": "train", "dep": "", "section": "train", "out": "reports/curves.csv"},
        {"name": "evaluate", "dep": ", reports/curves.csv", "section": "evaluate", "out": "reports/metrics.json"},
        {"name": "report", "dep": ", reports/metrics.json", "section": "seed", "out": "reports/report.html"},
    ]
    (tmp_path / "params.yaml").write_text(PARAMS)
    text = "stages:" + "".join(STAGE.format(**one) for one in described)
    (tmp_path / "reports").mkdir()
    repository(tmp_path, text)
    (tmp_path / "params.yaml").write_text(PARAMS + "seed: 1\nevaluate: {confidence: 0.95}\n")
    run(tmp_path, "dvc", "repro")

    report = sync(tmp_path)
    assert (report.restored, report.notes) == (("train", "evaluate", "report"), ())
    (path,) = Home(tmp_path).journals()
    picture = picture_of(read(path)[0])
    assert picture.stages == {"train": "finished", "evaluate": "finished", "report": "finished"}
    assert [(left.journal, left.records) for left in report.left] == [(path, len(read(path)[0]))]
    assert "Connection refused" in report.left[0].problem
    assert "evaluate was restored from DVC's cache" in str(report)
    assert sync(tmp_path).restored == ()

    (tmp_path / "params.yaml").write_text(PARAMS + "seed: 1\nevaluate: {confidence: 0.9}\n")
    report = sync(tmp_path)
    assert report.restored == ("train",), "only training does not depend on that param"
    assert all("`dvc repro` makes them so" in note for note in report.notes)
    assert len(report.notes) == 2
    (tmp_path / "params.yaml").write_text(PARAMS.replace("batch_size: 16", "batch_size: 8") + "seed: 1\n")
    assert sync(tmp_path).restored == ()
    (tmp_path / "params.yaml").write_text("nonsense: 1\n")
    assert "passed over" in sync(tmp_path).notes[0]


def test_temporary_and_queued_experiments_are_recorded_in_the_main_workspace(experiments: Path) -> None:
    root = experiments
    deadline = time.monotonic() + 60
    while "Running" in (status := run(root, "dvc", "queue", "status")) or "Queued" in status:
        assert time.monotonic() < deadline, status
        time.sleep(0.2)
    assert "Success" in status
    assert len(Home(root).journals()) == 2
    with open_store(root) as (store, _, _):
        for path in Home(root).journals():
            opening = read(path)[0][0].body
            found = held(store, opening["digest"])
            assert found.status == "FINISHED"
            assert found.name == found.tags["foldproof.dvc_experiment"]
            assert {"waited": "4", "elsewhere": "5"}[found.name] == found.params["train.epochs"]
            assert [step for step, _ in found.points["training_loss"]] == list(range(EPOCHS))
            assert found.tags["mlflow.source.git.commit"] == run(root, "git", "rev-parse", "HEAD").strip()
    stores = {path.parent for path in root.parent.rglob("mlflow.db")} | {
        path.parent for path in root.parent.rglob(".foldproof")
    }
    assert stores == {root}
    assert not list(root.parent.rglob("mlruns"))
