"""The UI is opened on the workspace's runs, for this machine alone, and its command line shows no address."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from foldproof.tracking.ui import serve


class Asked:
    """What was asked to run."""

    command: tuple[str, ...] = ()
    environ: dict[str, str] = {}  # noqa: RUF012


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()

    def run(command: list[str], env: dict[str, str], **_: Any) -> Any:
        found.command, found.environ = tuple(command), env
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("foldproof.tracking.ui.subprocess.run", run)
    return found


def test_the_workspaces_store(
    tmp_path: Path, empty_store: Path, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mlflow.db").write_bytes(empty_store.read_bytes())
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "notebooks").mkdir()
    assert serve(tmp_path / "notebooks", 5011) == 0
    assert asked.command[asked.command.index("--host") + 1] == "127.0.0.1"
    assert asked.command[asked.command.index("--port") + 1] == "5011"
    assert not [part for part in asked.command if "sqlite" in part]
    assert asked.environ["MLFLOW_BACKEND_STORE_URI"] == f"sqlite:///{tmp_path}/mlflow.db"
    assert asked.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "http://127.0.0.1:5011" in capsys.readouterr().out


def test_a_server_has_its_own(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example.org")
    assert serve(tmp_path) == 0
    assert asked.command == ()
    told = capsys.readouterr().out
    assert "https://***@mlflow.example.org" in told
    assert "secret" not in told
