"""`foldproof check`: the checks alone, of params.yaml as it stands, with nothing of the pipeline touched."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from foldproof import checking
from foldproof.cli import main
from foldproof.errors import ConfigError
from tests.commands.checked import AMISS, FINE, PARAMS, make_workspace, put_checks


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def let_dvc_say(monkeypatch: pytest.MonkeyPatch, *stale: str, code: int = 0) -> None:
    """`dvc status` answers with these stages."""
    answer = subprocess.CompletedProcess[str]([], code, json.dumps({name: ["changed"] for name in stale}), "")
    monkeypatch.setattr(checking.subprocess, "run", lambda *_, **__: answer)  # type: ignore[attr-defined]


def exit_code() -> Any:
    with pytest.raises(SystemExit) as caught:
        main(["check"])
    return caught.value.code


@pytest.mark.parametrize(("seen", "code"), [(FINE, 0), (AMISS, 1)])
def test_it_writes_nothing_and_its_exit_code_is_the_verdict(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seen: Any, code: int
) -> None:
    let_dvc_say(monkeypatch)
    (project / "params.yaml").write_text(f"{PARAMS}check: {{on_error: warn}}\n")
    put_checks(monkeypatch, gradient=seen)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert exit_code() == code
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before
    assert seen.sentence in capsys.readouterr().out


def test_what_is_up_to_date_is_read_and_not_made(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_dvc_say(monkeypatch)
    subjects = put_checks(monkeypatch, gradient=FINE)
    (project / "params.yaml").write_text(PARAMS.replace("folds: 2", "folds: 3"))
    assert exit_code() == 0
    assert len(subjects[0].split.members) == 2, "those of the split on disk, which DVC vouches for"


@pytest.mark.parametrize("stale", [("prepare",), ("split",), ("data/raw.dvc",), ()])
def test_what_is_not_is_made_for_now(stale: tuple[str, ...], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_dvc_say(monkeypatch, *stale, code=0 if stale else 255)
    (project / "params.yaml").write_text(PARAMS.replace("folds: 2", "folds: 3"))
    subjects = put_checks(monkeypatch, gradient=FINE)
    before = {path for path in project.rglob("*") if path.is_file()}
    assert exit_code() == 0
    assert len(subjects[0].split.members) == 3
    assert {path for path in project.rglob("*") if path.is_file()} == before


def test_what_is_wrong_with_params_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "params.yaml").write_text("schema: 1\nsede: 3\n")
    assert exit_code() == 1
    assert "sede" in capsys.readouterr().err
    (project / "params.yaml").write_text(PARAMS)
    (project / "dvc.yaml").unlink()
    with pytest.raises(ConfigError, match=r"holds no dvc\.yaml"):
        checking.look(project)
