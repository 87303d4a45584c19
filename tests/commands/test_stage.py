"""A stage that cannot go on says why and how to get the earlier outputs back, and its exit code is not 0."""

import errno
from pathlib import Path

import pytest

from foldproof.config import Params
from foldproof.errors import DataError
from foldproof.stage import stage


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text("schema: 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refuse(_: Params) -> None:
    raise DataError("row 3: missing", "row 5: missing")


def interrupt(_: Params) -> None:
    raise KeyboardInterrupt


def test_a_stage_that_works_returns() -> None:
    seen: list[int] = []
    stage("train", lambda params: seen.append(params.seed))
    assert seen == [0]


def test_a_refusal_is_told_with_all_its_problems(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        stage("train", refuse)
    assert caught.value.code == 1
    told = capsys.readouterr().err
    assert "stage train stopped" in told
    assert "row 3: missing\nrow 5: missing" in told
    assert "Nothing of this stage was kept" in told


def test_after_an_earlier_run_the_way_back_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "dvc.lock").write_text("schema: '2.0'\nstages:\n  train:\n    cmd: x\n")
    with pytest.raises(SystemExit):
        stage("train", refuse)
    assert "`dvc checkout`" in capsys.readouterr().err


def test_a_fault_of_our_own_shows_where_and_the_way_back(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        stage("train", lambda _: print(1 // 0))
    assert caught.value.code == 1
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "Nothing of this stage was kept" in told


def test_a_full_disk_is_told_without_our_code(capsys: pytest.CaptureFixture[str]) -> None:
    def fill(_: Params) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "models/model.json")

    with pytest.raises(SystemExit) as caught:
        stage("train", fill)
    assert caught.value.code == 1
    told = capsys.readouterr().err
    assert "No space left on device: 'models/model.json': free some" in told
    assert "Traceback" not in told


def test_an_interruption_is_not_a_success() -> None:
    with pytest.raises(SystemExit) as caught:
        stage("train", interrupt)
    assert caught.value.code == 130


def test_wrong_params_stop_before_anything_is_done(folder: Path) -> None:
    (folder / "params.yaml").write_text("schema: 1\nsede: 3\n")
    with pytest.raises(SystemExit) as caught:
        stage("train", lambda _: pytest.fail("ran"))
    assert caught.value.code == 1
