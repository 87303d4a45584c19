"""What may be trained from, what is committed, and how it reaches a branch that has moved: real git, a bare remote."""

from pathlib import Path

import pytest

from foldproof.errors import FoldproofError
from foldproof.retraining.branch import Branch, kept_in_git
from tests.retraining.repositories import begin, clone, publish, run, write


@pytest.fixture
def author(folder: Path) -> Path:
    """The checkout of whoever pushes meanwhile."""
    return begin(folder)


@pytest.fixture
def ci(author: Path) -> Path:
    """The checkout that retrains."""
    return clone(author, "ci")


def trained(ci: Path, result: str = "1") -> Branch:
    branch = Branch.checked_out(ci)
    write(ci, "dvc.lock", result)
    write(ci, "reports/metrics.json", result)
    return branch


def files_of(folder: Path, commit: str) -> set[str]:
    return set(run(folder, "git", "show", "--format=", "--name-only", commit).splitlines())


def test_ours_are_the_lock_and_what_dvc_leaves_to_git(author: Path) -> None:
    assert kept_in_git(author) == ("dvc.lock", "reports/metrics.json")
    assert kept_in_git(Path(__file__).resolve().parents[2]) == (
        "dvc.lock",
        "reports/mean_curves.csv",
        "reports/metrics.json",
        "reports/predictions.csv",
    )


def test_the_commit_has_ours_alone_and_keeps_ci_from_starting(ci: Path, author: Path) -> None:
    branch = trained(ci)
    write(ci, "reports/rows of data.csv", "secret")
    assert branch.changed()
    branch.commit("accuracy 0.9", "Digest: d1")
    assert not branch.changed()
    assert branch.unpushed()
    assert branch.push() == 0
    assert not branch.unpushed()
    run(author, "git", "pull", "--quiet", "../origin.git", "main")
    assert files_of(author, "HEAD") == {"dvc.lock", "reports/metrics.json"}
    subject, _, body = run(author, "git", "log", "-1", "--format=%B").partition("\n\n")
    assert (subject, body) == ("Retrained: accuracy 0.9 [skip ci]", "Digest: d1")
    assert run(author, "git", "log", "-1", "--format=%an <%ae>") == "somebody <somebody@example.org>"


def test_without_an_identity_the_commit_is_foldproofs_and_none_is_configured(
    ci: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{who}_{what}")
    trained(ci).commit("a", "b")
    names = run(ci, "git", "log", "-1", "--format=%an <%ae>, %cn <%ce>")
    assert names == "foldproof <foldproof@localhost>, foldproof <foldproof@localhost>"
    assert "foldproof" not in run(ci, "git", "config", "--list")


def test_on_a_branch_that_moved_elsewhere_it_goes_on_top(ci: Path, author: Path) -> None:
    branch = trained(ci)
    branch.commit("a", "b")
    for number in range(2):
        write(author, "params.yaml", str(number))
        publish(author, f"meanwhile {number}")
    assert branch.push() == 2
    subjects = run(folder := author.parent / "origin.git", "git", "log", "--format=%s", "main").splitlines()
    assert subjects == ["Retrained: a [skip ci]", "meanwhile 1", "meanwhile 0", "first"]
    assert files_of(folder, "main") == {"dvc.lock", "reports/metrics.json"}


def test_where_others_changed_the_same_files_it_stops_and_nothing_is_lost(ci: Path, author: Path) -> None:
    branch = trained(ci)
    branch.commit("a", "b")
    write(author, "dvc.lock", "theirs")
    publish(author, "meanwhile")
    with pytest.raises(FoldproofError, match=r"moved, and changed dvc.lock too\n.*git reset --hard origin/main"):
        branch.push()
    assert run(author.parent / "origin.git", "git", "log", "-1", "--format=%s", "main") == "meanwhile"
    assert run(ci, "git", "log", "-1", "--format=%s") == "Retrained: a [skip ci]"
    assert run(ci, "git", "status", "--porcelain") == ""
    with pytest.raises(FoldproofError, match="moved"):  # the next run says so before it trains
        Branch.checked_out(ci).refuse_what_would_collide()


def test_a_history_written_anew_is_not_built_upon(ci: Path, author: Path) -> None:
    branch = trained(ci)
    branch.commit("a", "b")
    run(author, "git", "commit", "--quiet", "--amend", "--message", "another first")
    run(author, "git", "push", "--quiet", "--force", "../origin.git", "HEAD:main")
    with pytest.raises(FoldproofError, match="no commit in common"):
        branch.push()


def test_a_remote_that_refuses_is_told_with_its_words_and_advice(ci: Path, author: Path) -> None:
    hook = author.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    branch = trained(ci)
    branch.commit("a", "b")
    with pytest.raises(FoldproofError, match=r"(?s)main is protected.*may this user .* write to it"):
        branch.push()
    hook.unlink()
    again = Branch.checked_out(ci)
    again.refuse_what_is_not_committed()  # the commit that waits is ours
    assert again.unpushed()
    assert again.push() == 0


@pytest.mark.parametrize("name", ["train.py", "data/raw/more.csv"])
def test_what_is_not_committed_is_refused_before_anything_is_trained(ci: Path, name: str) -> None:
    branch = trained(ci)
    branch.refuse_what_is_not_committed()
    write(ci, name, "new")
    with pytest.raises(FoldproofError, match=rf"not committed: .*{name}"):
        branch.refuse_what_is_not_committed()


def test_commits_of_others_are_not_pushed_along(ci: Path) -> None:
    write(ci, "train.py", "new")
    run(ci, "git", "commit", "--quiet", "--all", "--message", "my own")
    with pytest.raises(FoldproofError, match=r"not on origin/main: my own\n`git push`"):
        Branch.checked_out(ci).refuse_what_is_not_committed()


def test_no_repository_no_branch_and_no_remote_are_told_apart(ci: Path, tmp_path: Path) -> None:
    with pytest.raises(FoldproofError, match="no git repository"):
        Branch.checked_out(tmp_path)
    run(ci, "git", "checkout", "--quiet", "--detach")
    with pytest.raises(FoldproofError, match="HEAD is detached"):
        Branch.checked_out(ci)
    run(ci, "git", "checkout", "--quiet", "main")
    run(ci, "git", "remote", "set-url", "origin", "https://me:secretive@127.0.0.1:1/x.git")
    with pytest.raises(FoldproofError, match="cannot be fetched") as caught:
        Branch.checked_out(ci)
    assert "secretive" not in str(caught.value)
    run(ci, "git", "remote", "remove", "origin")
    with pytest.raises(FoldproofError, match="no remote 'origin'"):
        Branch.checked_out(ci)
