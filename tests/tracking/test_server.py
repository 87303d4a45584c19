"""A real tracking server: what arrives over HTTP, and what a server that hangs or a companion that is killed cost."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from foldproof.tracking import mirror, restoring
from foldproof.tracking.background import Connector
from foldproof.tracking.journal import Journal
from foldproof.tracking.mirror import Mirror, records_left, sole
from foldproof.tracking.recorder import Recorder
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.store import Patience, environment
from foldproof.tracking.sync import sync
from foldproof.tracking.workspace import Home
from tests.tracking.projects import EPOCHS, MEMBERS, leave_training, make_project, tell_fit
from tests.tracking.stores import held, open_store, send, write_run
from tests.tracking.test_mirror import expect_whole


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[tuple[str, int]]:
    """A server's address and its process group."""
    place = tmp_path_factory.mktemp("server")
    (place / "mlflow.db").write_bytes(empty_store.read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--artifacts-destination", str(place / "files")]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    process = subprocess.Popen(
        command,
        cwd=place,
        env=os.environ | quiet,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{uri}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield uri, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


@pytest.fixture
def uri(server: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server[0])
    monkeypatch.setattr(restoring, "environment", lambda: {"torch": "1.2.3"})
    return server[0]


def test_a_whole_run_arrives_over_http(uri: str, tmp_path: Path) -> None:
    path = write_run(tmp_path)
    with open_store(tmp_path, uri) as (store, connect, _):
        send(path, connect)
        path.with_suffix(".cursor").unlink()
        send(path, connect)
        expect_whole(held(store))
    assert not (tmp_path / "mlflow.db").exists()


def test_a_stage_leaves_its_model_and_a_killed_companion_costs_nothing(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_project(tmp_path, model=True)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "killed")
    with Recorder("train", root=tmp_path) as record:
        tell_fit(record.sink, range(1))
        path = Home(tmp_path).journal(record.digest, 1)
        deadline = time.monotonic() + 60
        while mirror.Cursor.load(path).sequence == 0:  # something has arrived
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert record._companion is not None
        assert record._companion.process is not None
        record._companion.process.kill()
        tell_fit(record.sink, range(1, EPOCHS))
        leave_training(tmp_path)
        record.results()
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    left, total = records_left(path)
    assert 0 < left < total
    assert line.startswith(f"tracking: {left} of {total} records are not in MLflow yet (")
    with open_store(tmp_path, uri, "killed") as (store, _, _):
        report = sync(tmp_path)
        assert (report.sent, report.left) == ((path,), ())
        found = held(store, record.digest)
        assert found.status == "FINISHED"
        for run in (found, *found.children.values()):
            assert [step for step, _ in run.points["training_loss"]] == list(range(EPOCHS))
        (run,) = store.client.search_runs([store.experiment_id], "tags.`foldproof.digest` != ''")
        (output,) = run.outputs.model_outputs
        model = store.client.get_logged_model(output.model_id)
        assert (model.status, model.source_run_id) == ("READY", run.info.run_id)
        # Sent again without notes, the model is not logged a second time.
        path.with_suffix(".cursor").unlink()
        sync(tmp_path)
        assert len(store.client.search_logged_models([store.experiment_id])) == 1
    assert capsys.readouterr().out == told.out == "", "neither MLflow nor we print of our own accord"


def test_a_server_that_hangs_and_comes_back_has_each_point_once(
    uri: str, server: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that we gave up on are answered after all, when the server goes on."""
    monkeypatch.setattr(mirror, "PORTION", 6)
    path = write_run(tmp_path, "ff" * 32, finished=False)
    patience = Patience(seconds=1)
    with environment(patience), sole(path):
        follower = Mirror(path, Connector(tmp_path, os.environ, patience))
        follower.advance()
        with Journal(path) as journal:
            Scribe(journal).metrics({"late": 1.0}, MEMBERS[0], 0)
            Scribe(journal).text("late.txt", "late")
            Scribe(journal).stage("train", "finished")
        os.killpg(server[1], signal.SIGSTOP)
        try:
            for _ in range(2):
                with pytest.raises(Exception, match=r"timed out|failed|Connection"):
                    follower.advance()
        finally:
            os.killpg(server[1], signal.SIGCONT)
        follower.advance()
    with open_store(tmp_path, uri) as (store, _, _):
        found = held(store, "ff" * 32)
    assert found.children["fold 0"].points.pop("late") == [(0, 1.0)]
    found.files.remove("late.txt")
    expect_whole(found)
