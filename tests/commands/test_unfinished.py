"""When the checkpoints of a training go away: after DVC has recorded it, and not before."""

import os
from pathlib import Path

import pytest

from foldproof.cli import main
from foldproof.training.resume import Resume
from foldproof.unfinished import FOLDER, clear_finished, unfinished_in


def trained(workspace: Path, root: Path, digest: str) -> Path:
    resume = Resume(unfinished_in(workspace, root))
    folder = resume.folder(digest * 40)
    (folder / "checkpoint").write_text("...")
    resume.mark_finished(str(root))
    return folder


def recorded(root: Path, mark: Path, seconds: float) -> None:
    """As if DVC had written its lock so many seconds after the mark."""
    (root / "dvc.lock").write_text("")
    moment = mark.stat().st_mtime + seconds
    os.utime(root / "dvc.lock", (moment, moment))


def test_the_next_stage_clears_what_its_own_workspace_has_finished(tmp_path: Path) -> None:
    here, there = trained(tmp_path, tmp_path, "a"), trained(tmp_path, tmp_path / "experiment", "b")
    unfinished = Resume(tmp_path / FOLDER).folder("c" * 40)
    clear_finished(tmp_path, tmp_path)
    assert not here.exists()
    assert there.exists()
    assert unfinished.exists()


def test_a_training_that_dvc_did_not_record_is_found_again(tmp_path: Path) -> None:
    folder = trained(tmp_path, tmp_path, "a")
    recorded(tmp_path, folder / "finished", -5)
    unfinished_in(tmp_path, tmp_path)
    assert folder.exists()


def test_a_forced_repeat_begins_anew(tmp_path: Path) -> None:
    folder = trained(tmp_path, tmp_path, "a")
    recorded(tmp_path, folder / "finished", 5)
    unfinished_in(tmp_path, tmp_path)
    assert not folder.exists()


def test_the_command_clean_says_what_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for digest in "ab":
        (Resume(tmp_path / FOLDER).folder(digest * 40) / "checkpoint").write_bytes(bytes(2**20))
    for told in ("removed the checkpoints of 2 unfinished trainings, 2.0 MiB", "nothing to remove"):
        with pytest.raises(SystemExit) as caught:
            main(["clean"])
        assert caught.value.code == 0
        assert told in capsys.readouterr().out
    assert not (tmp_path / FOLDER).exists()
