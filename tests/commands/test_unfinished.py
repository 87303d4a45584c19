"""When the checkpoints of a training go away: after DVC has recorded it, and not before."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from foldproof.cli import main
from foldproof.training.resume import Resume
from foldproof.unfinished import FOLDER, LOCK, clean, clear_finished, in_use, remove, unfinished_in


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


@pytest.mark.parametrize("place", [".", "population-1"])
def test_what_is_in_use_is_passed_over_and_said(tmp_path: Path, place: str) -> None:
    used, unused = (Resume(tmp_path / FOLDER).folder(digest * 40) for digest in "ab")
    with in_use(used / place):
        told = clean(tmp_path)
        assert "of 1 unfinished trainings" in told
        assert "passed over 1 in use" in told
        assert used.exists()
        assert not unused.exists()
    assert "passed over" not in clean(tmp_path)
    assert not (tmp_path / FOLDER).exists()


def test_neither_the_stages_nor_a_fourth_training_remove_what_is_in_use(tmp_path: Path) -> None:
    folder = trained(tmp_path, tmp_path, "a")
    recorded(tmp_path, folder / "finished", 5)
    with in_use(folder):
        unfinished_in(tmp_path, tmp_path)
        clear_finished(tmp_path, tmp_path)
        for digest in "bcde":
            Resume(tmp_path / FOLDER).folder(digest * 40)
        assert folder.exists()
    Resume(tmp_path / FOLDER).folder("f" * 40)
    assert not folder.exists()


def test_age_is_time_since_the_last_checkpoint(tmp_path: Path) -> None:
    resume = Resume(tmp_path)
    folders = {digest: resume.folder(digest * 40) for digest in "abc"}
    for age, folder in enumerate(folders.values()):
        (folder / "population-0").mkdir()
        for path in (folder, folder / "population-0"):
            os.utime(path, (1000 + age, 1000 + age))
    (folders["a"] / "population-0" / "checkpoint").write_text("...")
    resume.folder("d" * 40)
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["a", "c", "d"]


def test_who_waited_for_a_folder_that_was_removed_has_a_new_one(tmp_path: Path) -> None:
    folder, entered, leave = tmp_path / "a", threading.Event(), threading.Event()
    folder.mkdir()

    def enter() -> None:
        with in_use(folder, fcntl.LOCK_EX):
            entered.set()
            leave.wait(10)

    waiting = threading.Thread(target=enter)
    with (folder / LOCK).open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting.start()
        assert not entered.wait(0.3)
        (folder / LOCK).unlink()
        folder.rmdir()
    assert entered.wait(10)
    assert not remove(folder)
    assert folder.exists()
    leave.set()
    waiting.join()
    assert remove(folder)
