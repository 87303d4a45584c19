"""The main workspace, and which journal a stage writes."""

from pathlib import Path

import pytest

from foldproof.tracking import attempts
from foldproof.tracking.attempts import open_journal
from foldproof.tracking.journal import Journal
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.workspace import Home, main_workspace

DIGEST = "0123456789abcdef" * 4


def folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_the_workspace_that_dvc_names(tmp_path: Path) -> None:
    inside = folder(tmp_path / "main" / ".dvc" / "tmp" / "exps" / "standalone" / "tmpx1")
    assert main_workspace(inside, {"DVC_ROOT": str(tmp_path / "main")}) == tmp_path / "main"
    assert main_workspace(tmp_path / "main", {"DVC_ROOT": str(tmp_path / "main")}) == tmp_path / "main"


def test_a_name_inherited_from_another_project_is_passed_over(tmp_path: Path) -> None:
    project = folder(tmp_path / "mine")
    folder(project / ".dvc")
    assert main_workspace(project, {"DVC_ROOT": str(folder(tmp_path / "other"))}) == project


@pytest.mark.parametrize("below", ["tmpq", "standalone/tmpq", "tmpq/sub/project"])
def test_without_a_name_a_temporary_experiment_finds_its_way_out(tmp_path: Path, below: str) -> None:
    main = tmp_path / "main"
    inside = folder(main / ".dvc" / "tmp" / "exps" / below)
    folder(main / ".dvc" / "tmp" / "exps" / "tmpq" / ".dvc")
    assert main_workspace(inside, {}) == main


def test_without_dvc_it_is_the_folder_above_that_dvc_knows_else_here(tmp_path: Path) -> None:
    inside = folder(tmp_path / "p" / "notebooks")
    assert main_workspace(inside, {}) == inside
    folder(tmp_path / "p" / ".dvc")
    assert main_workspace(inside, {}) == tmp_path / "p"


def test_a_link_to_the_workspace_is_the_workspace(tmp_path: Path) -> None:
    folder(tmp_path / "real" / ".dvc")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert main_workspace(tmp_path / "link", {"DVC_ROOT": str(tmp_path / "real")}) == tmp_path / "real"


def end(home: Home, attempt: int, stage: str, status: str) -> None:
    with Journal(home.journal(DIGEST, attempt)) as journal:
        Scribe(journal).stage(stage, status)  # type: ignore[arg-type]


def attempt_for(home: Home, stage: str) -> int:
    opened = open_journal(home, DIGEST, stage)
    opened.journal.close()
    return opened.attempt


def test_attempts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.newest_attempt(DIGEST) == 0
    assert attempt_for(home, "train") == 1
    for status in ("started", "failed", "started", "killed"):
        end(home, 1, "train", status)
        assert attempt_for(home, "train") == 1, "an attempt that did not come to its end goes on"
    end(home, 1, "train", "finished")
    assert attempt_for(home, "train") == 1, "DVC was killed before it had noted the end of training"
    assert attempt_for(home, "evaluate") == 1
    end(home, 1, "evaluate", "finished")
    assert attempt_for(home, "report") == 1
    assert attempt_for(home, "train") == 2, "a forced repeat"
    assert attempt_for(home, "evaluate") == 2
    assert home.newest_attempt(DIGEST) == 2
    assert home.newest_attempt("ff" * 32) == 0
    assert sorted(home.journals()) == [home.journal(DIGEST, 1), home.journal(DIGEST, 2)]


def test_a_journal_in_use_or_damaged_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOMENT", 0.2)
    home = Home(tmp_path)
    with open_journal(home, DIGEST, "train").journal:
        assert attempt_for(home, "train") == 2
    home.journal(DIGEST, 2).write_text("nonsense\nmore\n")
    opened = open_journal(home, DIGEST, "evaluate")
    opened.journal.close()
    assert opened.attempt == 3
    assert "line 1" in opened.problems[0]
