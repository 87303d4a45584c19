"""Outages of every kind, at the mirror: it fails at once or not at all, and afterwards each point is there once.

`make chaos` does the same to whole runs.
"""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from chaos.proxy import Ailment, Proxy
from chaos.server import Server, free_port
from foldproof.tracking import mirror, restoring
from foldproof.tracking.background import Connector
from foldproof.tracking.mirror import Mirror, records_left, sole
from foldproof.tracking.recorder import Recorder
from foldproof.tracking.store import Patience, environment
from foldproof.tracking.sync import sync
from foldproof.tracking.workspace import Home
from tests.tracking.projects import EPOCHS, leave_training, make_project, tell_fit
from tests.tracking.stores import held, open_store, write_run
from tests.tracking.test_mirror import expect_whole

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = Patience(seconds=1)
SYNC = "import sys; from pathlib import Path; from foldproof.tracking.sync import sync; print(sync(Path(sys.argv[1])))"
ATTEMPTS: dict[Ailment, int] = {"fails": 2, "shows a page": 2, "loses answers": 12, "slow": 2}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("server"), free_port())
    found.database.write_bytes(empty_store.read_bytes())
    found.start()
    try:
        yield found
    finally:
        found.kill()


@pytest.fixture
def digest(request: pytest.FixtureRequest) -> str:
    """That of a run of this test alone: they share a server."""
    return sha256(request.node.name.encode()).hexdigest()


@pytest.mark.parametrize("ailment", ["fails", "shows a page", "loses answers", "slow"])
def test_an_ailing_server_costs_no_point_and_adds_none(
    server: Server, digest: str, ailment: Ailment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that loses answers has taken what it was told; so has the slow one, which answers later than we wait."""
    monkeypatch.setattr(mirror, "PORTION", 6)
    path = write_run(tmp_path, digest)
    proxy = Proxy(server.uri, ailment, delay=1.5)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.uri)
    try:
        with environment(PATIENCE), sole(path):
            follower = Mirror(path, Connector(tmp_path, os.environ, PATIENCE))
            failures = []
            for _ in range(ATTEMPTS[ailment]):
                try:
                    follower.advance()
                except Exception as error:
                    failures.append(error)
            assert failures
            proxy.ailment = "none"
            follower.advance()
        assert records_left(path)[0] == 0
    finally:
        proxy.close()
    with open_store(tmp_path, server.uri) as (store, _, _):
        expect_whole(held(store, digest))


def test_a_server_that_answers_to_another_name_is_told_of_in_its_words(
    server: Server, digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_run(tmp_path, digest)
    refusing = Server(server.folder, free_port())
    refusing.start(hosts="mlflow.example.org")
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", refusing.uri)
        report = sync(tmp_path)
    finally:
        refusing.kill()
    assert [left.records for left in report.left] == [records_left(path)[1]]
    assert "403" in report.left[0].problem
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    assert sync(tmp_path).sent == (path,)
    with open_store(tmp_path, server.uri) as (store, _, _):
        expect_whole(held(store, digest))


def test_a_locked_store_is_said_at_once_and_told_when_it_is_free(tmp_path: Path, empty_store: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(empty_store.read_bytes())
    path = write_run(tmp_path)
    with environment(PATIENCE), sole(path):
        follower = Mirror(path, Connector(tmp_path, os.environ, PATIENCE))
        with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:
            other.execute("begin exclusive")
            began = time.monotonic()
            with pytest.raises(ConnectionError, match="database is locked"):
                follower.advance()
            assert time.monotonic() - began < 30
        follower.advance()
    with open_store(tmp_path) as (store, _, _):
        expect_whole(held(store))


def test_a_fresh_store_may_be_opened_by_several_workspaces_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path}/shared.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    running = []
    for number in range(3):
        path = write_run(tmp_path / f"workspace {number}", f"{number:064x}")
        command = [sys.executable, "-c", SYNC, str(path.parents[2])]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for process in running:
        assert "1 run was sent" in process.communicate(timeout=120)[0]
    with open_store(tmp_path, uri) as (store, _, _):
        for number in range(3):
            expect_whole(held(store, f"{number:064x}"))


def test_a_store_whose_maker_was_killed_is_made_anew(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    with subprocess.Popen([sys.executable, "-c", SYNC, str(tmp_path)], stdout=subprocess.DEVNULL) as maker:
        beside = tmp_path / "mlflow.db.part"
        while not (beside.exists() and beside.stat().st_size):
            assert maker.poll() is None
            time.sleep(0.01)
        maker.kill()
    assert not (tmp_path / "mlflow.db").exists()
    assert sync(tmp_path).sent == (path,)
    assert not beside.exists()
    with open_store(tmp_path) as (store, _, _):
        expect_whole(held(store))


def test_a_training_that_dvc_did_not_live_to_note_is_the_same_run_again(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the end of the stage and dvc.lock, DVC runs the stage once more."""
    monkeypatch.setattr(restoring, "environment", lambda: {"torch": "1.2.3"})
    monkeypatch.setenv("FOLDPROOF_TRACKING", "off")
    make_project(tmp_path, model=True)
    (tmp_path / "mlflow.db").write_bytes(empty_store.read_bytes())
    for _ in range(2):
        with Recorder("train", root=tmp_path) as record:
            tell_fit(record.sink)
            leave_training(tmp_path)
            record.results()
        assert sync(tmp_path).left == ()
    (path,) = Home(tmp_path).journals()
    with open_store(tmp_path) as (store, _, _):
        found = held(store, record.digest)
        assert found.status == "FINISHED"
        for run in (found, *found.children.values()):
            assert [step for step, _ in run.points["training_loss"]] == list(range(EPOCHS))
        assert len(store.client.search_logged_models([store.experiment_id])) == 1
        assert records_left(path)[0] == 0
