"""The order of the steps, on a pipeline of one small stage: what stops one step is mended by the next call.

The real pipeline, with MLflow, is in `tests/house/test_retrain.py`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from foldproof.errors import DataError
from foldproof.retraining import retrain as steps
from foldproof.retraining.account import Account
from foldproof.retraining.branch import Branch
from foldproof.retraining.record import Tracked
from foldproof.retraining.retrain import RetrainingError, retrain
from foldproof.writer import BusyError, one_run
from tests.retraining.repositories import begin, publish, run, write


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a DVC remote; params, MLflow and the result's tables are taken for granted."""

    def answer(value: object) -> Callable[..., object]:
        return lambda *_, **__: value

    monkeypatch.setattr(steps, "validate", answer("valid"))
    monkeypatch.setattr(steps, "bring_up_to_date", answer(Tracked("d1", "http://127.0.0.1/run", "")))
    monkeypatch.setattr(Account, "result", answer("accuracy 0.9"))
    here = begin(folder)
    run(here, "git", "remote", "add", "origin", "../origin.git")
    (here / "dvc.lock").unlink()
    run(here, "dvc", "init", "--quiet")
    run(here, "dvc", "remote", "add", "--quiet", "--default", "store", "../storage")
    publish(here, "with DVC")
    return here


def subjects(here: Path) -> list[str]:
    return run(here.parent / "origin.git", "git", "log", "--format=%s", "main").splitlines()


def test_no_commit_without_its_objects_and_what_was_stopped_is_mended(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage, hook = here.parent / "storage", here / ".git/hooks/pre-commit"
    storage.write_text("a file, where a folder should be")
    with pytest.raises(RetrainingError, match="stopped at: dvc push"):
        retrain(here)
    assert subjects(here) == ["with DVC", "first"]
    storage.unlink()
    hook.write_text("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RetrainingError, match=r"stopped at: commit\n(.*\n)*.*not on a Friday"):
        retrain(here)
    assert (storage / "files").exists()
    assert subjects(here) == ["with DVC", "first"]
    hook.unlink()
    capsys.readouterr()
    assert retrain(here) == 0
    told = capsys.readouterr().out
    assert "Running stage" not in told
    assert "# Published" in told
    assert subjects(here) == ["Retrained: accuracy 0.9 [skip ci]", "with DVC", "first"]
    assert retrain(here) == 0
    assert "# Nothing to retrain" in capsys.readouterr().out
    assert len(subjects(here)) == 3


def test_without_a_dvc_remote_it_trains_and_commits_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(here, "dvc", "remote", "remove", "store")
    publish(here, "no remote")
    assert retrain(here) == 0
    told = capsys.readouterr().out
    assert "Running stage 'train'" in told
    assert "not pushed and not committed: there is no DVC remote" in told
    assert (here / "models/weights").exists()
    assert subjects(here)[0] == "no remote"


def test_another_run_beside_it_is_refused_from_the_first_step_to_the_last(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with one_run(here), pytest.raises(RetrainingError, match=r"stopped at: alone\n.*another run is writing"):
        retrain(here)
    assert "# Retraining stopped at: alone" in capsys.readouterr().out
    refused: list[str] = []
    push = Branch.push

    def push_beside_another(branch: Branch) -> int:
        with pytest.raises(BusyError), one_run(here):
            pass
        refused.append("at git push")
        return push(branch)

    monkeypatch.setattr(Branch, "push", push_beside_another)
    assert retrain(here) == 0
    assert refused == ["at git push"]


def test_a_lock_that_dvc_left_cut_short_is_mended(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert retrain(here) == 0
    lock = here / "dvc.lock"
    whole = lock.read_bytes()
    lock.write_bytes(whole[:-30])
    assert retrain(here) == 0
    assert lock.read_bytes() == whole
    assert "Running stage" not in capsys.readouterr().out.partition("# Retrained")[2]
    assert len(subjects(here)) == 3


def test_bad_data_is_told_before_dvc_removes_anything(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Path) -> str:
        raise DataError("rows.csv: column 'age': not a number in 1 line (3), such as 'Mr. Smith'")

    monkeypatch.setattr(steps, "validate", refuse)
    write(here, "models/weights", "of the last good run")
    with pytest.raises(RetrainingError, match=r"stopped at: validate\n.*Mr. Smith"):
        retrain(here)
    assert (here / "models/weights").read_text() == "of the last good run"
    shown = capsys.readouterr().out
    assert "1 problem; the job's log has the message" in shown
    assert "Smith" not in shown
