"""Where the store is, that its address shows no secret, and that what does not answer is found out at once."""

import socket
import sqlite3
import threading
from pathlib import Path
from time import monotonic

import pytest

from foldproof.errors import TrackingError
from foldproof.tracking.address import Address, address_of, shown, without_secrets
from foldproof.tracking.store import Patience, connect, environment


def test_by_default_an_sqlite_file_in_the_workspace(tmp_path: Path) -> None:
    address = address_of(tmp_path, {})
    assert address.database == tmp_path / "mlflow.db"
    assert address.artifacts == tmp_path / "mlartifacts"
    assert address.experiment == "foldproof"


@pytest.mark.parametrize("name", ["plain", "with space", "wörk", "100% ?#&;+@:=~", "%20", "a'b\"c"])
def test_sqlalchemy_opens_the_file_that_is_meant(tmp_path: Path, name: str) -> None:
    from sqlalchemy import create_engine

    workspace = tmp_path / name
    workspace.mkdir()
    engine = create_engine(address_of(workspace, {}).uri)
    with engine.connect() as connection:
        connection.exec_driver_sql("create table t (a int)")
    engine.dispose()
    assert [path.name for path in workspace.iterdir()] == ["mlflow.db"]


def test_a_relative_file_is_the_main_workspaces(tmp_path: Path) -> None:
    """A queued experiment runs elsewhere, and would lose it."""
    address = address_of(tmp_path, {"MLFLOW_TRACKING_URI": "sqlite:///sub/my runs.db"})
    assert address.database == tmp_path / "sub" / "my runs.db"
    absolute = f"sqlite:///{tmp_path}/x.db"
    assert address_of(Path("/elsewhere"), {"MLFLOW_TRACKING_URI": absolute}).database == tmp_path / "x.db"


@pytest.mark.parametrize("uri", ["./mlruns", "mlruns", "file:///tmp/mlruns", "/tmp/mlruns"])
def test_a_folder_is_refused_with_what_is_legal(tmp_path: Path, uri: str) -> None:
    with pytest.raises(TrackingError, match=r"no longer writes; legal: .*sqlite"):
        address_of(tmp_path, {"MLFLOW_TRACKING_URI": uri})


@pytest.mark.parametrize(
    ("uri", "wanted"),
    [
        ("https://mlflow.example.org:5000/base", "https://mlflow.example.org:5000/base"),
        ("https://ann:pa%40ss@host/x", "https://***@host/x"),
        ("https://token@host", "https://***@host"),
        ("postgresql+psycopg2://u:p@ss@db:5432/mlflow", "postgresql+psycopg2://***@db:5432/mlflow"),
        (
            "postgresql://db/mlflow?user=u&password=s3&sslmode=no",
            "postgresql://db/mlflow?user=u&password=***&sslmode=no",
        ),
        ("mysql://h/d?ssl_key_password=a&x=1", "mysql://h/d?ssl_key_password=***&x=1"),
        ("databricks", "databricks"),
    ],
)
def test_an_address_is_shown_without_secrets(uri: str, wanted: str) -> None:
    assert shown(uri) == wanted
    address = Address(uri, "e", None)
    assert address.shown == wanted
    assert "ss" not in repr(address).replace("Address", "")


def test_error_messages_lose_their_secrets() -> None:
    environ = {"MLFLOW_TRACKING_URI": "postgresql://ann:p%40ssw0rd@db/m", "MLFLOW_TRACKING_TOKEN": "t0ken"}
    text = 'cannot connect: postgresql://ann:p%40ssw0rd@db/m; password "p@ssw0rd" refused; header t0ken'
    clean = without_secrets(text, environ)
    assert not [secret for secret in ("p%40ssw0rd", "p@ssw0rd", "t0ken") if secret in clean]
    assert "cannot connect: postgresql://***@db/m" in clean
    assert without_secrets("nothing to hide", {}) == "nothing to hide"


def test_a_server_that_is_away_is_found_out_at_once() -> None:
    with socket.socket() as stream:
        stream.bind(("127.0.0.1", 0))
        port = stream.getsockname()[1]
    started = monotonic()
    with pytest.raises(ConnectionError, match=rf"http://\*\*\*@127.0.0.1:{port}: Connection refused"):
        Address(f"http://me:secret@127.0.0.1:{port}", "e", None).check(3.0)
    with pytest.raises(ConnectionError):
        Address(f"postgresql://me:secret@127.0.0.1:{port}/db", "e", None).check(3.0)
    assert monotonic() - started < 2


@pytest.mark.parametrize("content", [b"not a database" * 100, None])
def test_a_database_that_cannot_be_used_is_found_out_at_once(tmp_path: Path, content: bytes | None) -> None:
    """MLflow would try to open it for 100 seconds."""
    address = address_of(tmp_path, {})
    assert address.database is not None
    if content is None:
        holder = sqlite3.connect(address.database, isolation_level=None)
        holder.execute("create table t (a int)")
        holder.execute("begin exclusive")
    else:
        address.database.write_bytes(content)
    started = monotonic()
    with environment(Patience(1)), pytest.raises(ConnectionError, match=r"not a database|locked"):
        connect(address, Patience(1))
    assert monotonic() - started < 5
    if content is None:
        holder.close()


def test_a_store_keeps_its_files_in_the_workspace_and_a_deleted_experiment_is_said(tmp_path: Path) -> None:
    address = address_of(tmp_path, {"MLFLOW_EXPERIMENT_NAME": "my trial / 1"})
    with environment(Patience(1)):
        store = connect(address, Patience(1))
        for experiment in store.client.search_experiments():
            assert experiment.artifact_location.removeprefix("file://").startswith(str(tmp_path / "mlartifacts"))
        assert not (Path.cwd() / "mlruns").exists()
        store.client.delete_experiment(store.experiment_id)
        with pytest.raises(TrackingError, match=r"'my trial / 1' was deleted .* MLFLOW_EXPERIMENT_NAME"):
            connect(address, Patience(1))


def test_settings_are_put_back() -> None:
    import os

    before = dict(os.environ)
    with environment(Patience(7)):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
        assert os.environ["DO_NOT_TRACK"] == "true"
    assert dict(os.environ) == before


def test_no_thread_of_telemetry_runs() -> None:
    with environment(Patience(1)):
        import mlflow
        from mlflow.telemetry.utils import is_telemetry_disabled

        assert mlflow.__version__
        assert is_telemetry_disabled()
    assert not [thread.name for thread in threading.enumerate() if "elemetry" in thread.name]
