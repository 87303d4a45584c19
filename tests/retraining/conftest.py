"""Settings of these tests alone."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither the user's git identity nor DVC's or MLflow's settings; an identity for commits all the same."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "DVC_", "MLFLOW_", "FOLDPROOF_", "GITHUB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "dvc site"))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "somebody@example.org")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a space and a letter beyond ASCII."""
    place = tmp_path / "plåce of tests"
    place.mkdir()
    return place
