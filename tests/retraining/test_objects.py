"""DVC's remote: what lacks is made again, what cannot be reached is told, and a push leaves every object there."""

import shutil
import socket
from pathlib import Path

import pytest

from foldproof.errors import FoldproofError
from foldproof.retraining.objects import DataRemote, check_out
from foldproof.retraining.staleness import Reproduced, Status, reproduce
from tests.retraining.repositories import begin, clone, publish, run, write


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with its data tracked by DVC, trained, committed and pushed. Copy its folder, do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("site")))
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "somebody")
            patch.setenv(f"GIT_{who}_EMAIL", "somebody@example.org")
        here = begin(tmp_path_factory.mktemp("trained"))
        (here / "dvc.lock").unlink()
        run(here, "dvc", "init", "--quiet")
        run(here, "dvc", "remote", "add", "--quiet", "--default", "store", "../storage")
        run(here, "git", "rm", "--quiet", "--cached", "data/raw/rows.csv")
        run(here, "dvc", "add", "--quiet", "data/raw/rows.csv")
        assert reproduce(here, pull=True) == Reproduced(("train",), ())
        remote_of(here).push()
        publish(here, "trained")
    return here


@pytest.fixture
def ci(trained: Path, folder: Path) -> Path:
    """Another checkout of the last commit, with remotes of its own."""
    shutil.copytree(trained.parent, folder / "all")
    return clone(folder / "all" / trained.name, "ci")


def remote_of(here: Path) -> DataRemote:
    remote = DataRemote.configured(here)
    assert remote is not None
    return remote


def stored(ci: Path) -> set[str]:
    """Names of the objects on the remote."""
    return {path.parent.name + path.name for path in (ci.parent / "storage/files/md5").rglob("*") if path.is_file()}


def test_a_fresh_checkout_has_all_and_nothing_is_stale(ci: Path) -> None:
    before = check_out_fails_without_data(ci)
    assert "deleted" in before or "not in cache" in before
    remote_of(ci).fetch()
    status = check_out(ci)
    assert (status.entries, status.stages) == ({}, {})
    assert (ci / "models/weights").read_text() == "weights1"


def test_a_stale_pipeline_elsewhere_in_the_repository_is_no_reason_to_retrain(ci: Path) -> None:
    remote_of(ci).fetch()
    check_out(ci)
    write(ci, "examples/dvc.yaml", "stages: {study: {cmd: echo 1 > picture, outs: [{picture: {cache: false}}]}}")
    assert "study" in run(ci, "dvc", "status")
    assert Status.of(ci).entries == {}


def check_out_fails_without_data(ci: Path) -> str:
    with pytest.raises(FoldproofError, match=r"data/raw/rows\.csv: is on no DVC remote .*`dvc push`"):
        check_out(ci)
    return str(Status.of(ci).data)


def test_data_that_grew_makes_stale_by_git_and_by_dvc(ci: Path) -> None:
    remote_of(ci).fetch()
    check_out(ci)
    write(ci, "data/raw/more.csv", "2")  # tracked by git
    assert Status.of(ci).stages == {"train": "data/raw"}
    (ci / "data/raw/more.csv").unlink()
    (ci / "data/raw/rows.csv").unlink()
    write(ci, "data/raw/rows.csv", "1 2")
    with pytest.raises(FoldproofError, match=r"rows\.csv: is not what its \.dvc file says; `dvc add`"):
        check_out(ci)
    assert (ci / "data/raw/rows.csv").read_text() == "1 2", "nobody's rows are overwritten"
    run(ci, "dvc", "add", "--quiet", "data/raw/rows.csv")
    assert Status.of(ci).stages == {"train": "data/raw"}


def test_what_the_remote_has_lost_is_made_again_and_is_there_after_the_push(ci: Path) -> None:
    """A file of a folder whose listing is there: DVC's own push takes the folder for whole."""
    run(ci, "dvc", "fetch", "--quiet")
    [name] = [
        path
        for path in (ci.parent / "storage/files/md5").rglob("*")
        if path.is_file() and path.read_bytes() == b"weights1"
    ]
    whole = stored(ci)
    name.unlink()
    shutil.rmtree(ci / ".dvc/cache")
    pull = remote_of(ci).fetch()
    assert check_out(ci).stages == {"train": "its outputs are not there"}
    assert reproduce(ci, pull=pull).ran == ("train",)
    assert stored(ci) < whole
    remote_of(ci).push()
    assert stored(ci) == whole
    assert run(ci, "git", "status", "--porcelain") == ""


def test_without_a_remote_there_is_none_and_without_a_default_it_is_told(ci: Path) -> None:
    run(ci, "dvc", "config", "--unset", "core.remote")
    with pytest.raises(FoldproofError, match=r"remotes store and no default; `dvc remote default"):
        DataRemote.configured(ci)
    run(ci, "dvc", "remote", "remove", "store")
    assert DataRemote.configured(ci) is None
    write(ci, ".dvc/config", "[core]\n    remote = s\n['remote \"s\"']\n    url = s3://b\n    version_aware = true\n")
    with pytest.raises(FoldproofError, match="version_aware"):
        DataRemote.configured(ci)


@pytest.mark.parametrize("kind", ["http", "a plugin that is not installed"])
def test_a_remote_that_cannot_be_reached_is_told_with_advice(ci: Path, kind: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://me:secretive@127.0.0.1:{free.getsockname()[1]}/x" if kind == "http" else "oss://bucket/x"
    run(ci, "dvc", "remote", "modify", "store", "url", address)
    with pytest.raises(FoldproofError, match=r"(?s)remote 'store' cannot be reached.*credentials") as caught:
        remote_of(ci).fetch()
    assert "secretive" not in str(caught.value)
    assert not (ci / "models").exists()


def test_a_remote_that_takes_nothing_is_told_before_anything_is_committed(ci: Path) -> None:
    run(ci, "dvc", "fetch", "--quiet")
    shutil.rmtree(ci.parent / "storage")
    (ci.parent / "storage").write_text("a file, where a folder should be")
    with pytest.raises(FoldproofError, match=r"(?s)remote 'store'.*docs/retraining.md"):
        remote_of(ci).push()


def test_a_pipeline_that_fails_says_where_to_look(ci: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(ci, "train.py", "raise SystemExit('the loss is not finite')")
    with pytest.raises(FoldproofError, match=r"(?s)dvc repro ended with exit code \d+.*last checkpoint"):
        reproduce(ci, pull=True)
    assert "the loss is not finite" in capsys.readouterr().out
