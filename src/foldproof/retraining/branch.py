"""The git branch that is trained from and that the result is committed to: what may differ, and never by force.

Ours are `dvc.lock` and the files that stages write and git keeps. All else must be committed before anything is
trained, or the commit of the result would speak of inputs that nobody else has.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from foldproof.config.reading import read_yaml
from foldproof.errors import FoldproofError
from foldproof.retraining.programs import git, git_agrees

MARK = "[skip ci]"  # in a commit's subject it keeps CI from starting for it
SUBJECT = "Retrained: "
TRIES = 5  # pushes, each after others' commits were fetched
NOBODY = ("-c", "user.name=foldproof", "-c", "user.email=foldproof@localhost")


@dataclass(frozen=True)
class Branch:
    """The branch that is checked out at `root`, and the one that it is pushed to."""

    root: Path
    remote: str
    name: str  # of the branch on the remote

    @classmethod
    def checked_out(cls, root: Path) -> Self:
        """The branch at `root` and its upstream, else the branch of its name at origin; fetches what is new there."""
        if not git_agrees(root, "rev-parse", "--verify", "--quiet", "HEAD"):
            raise FoldproofError(f"{root}: no git repository with a commit; retraining commits to one")
        try:
            local = git(root, "symbolic-ref", "--quiet", "--short", "HEAD")
        except FoldproofError:
            raise FoldproofError("no branch is checked out (HEAD is detached); `git checkout BRANCH` first") from None
        remote = _configured(root, f"branch.{local}.remote") or "origin"
        merged = _configured(root, f"branch.{local}.merge") or local
        if not git_agrees(root, "remote", "get-url", remote):
            raise FoldproofError(
                f"git has no remote {remote!r} to push the result to; add one, or train without pushing by `make repro`"
            )
        branch = cls(root, remote, merged.removeprefix("refs/heads/"))
        branch.fetch()
        return branch

    @property
    def shown(self) -> str:
        """`origin/main`."""
        return f"{self.remote}/{self.name}"

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return git(self.root, "rev-parse", "HEAD")

    @property
    def _tip(self) -> str:
        return f"refs/remotes/{self.remote}/{self.name}"

    def fetch(self) -> None:
        """Learn where the branch stands on the remote."""
        try:
            git(self.root, "fetch", "--quiet", "--no-tags", self.remote, f"+refs/heads/{self.name}:{self._tip}")
        except FoldproofError as error:
            raise FoldproofError(
                *error.problems,
                f"{self.shown} cannot be fetched: is the remote reachable, and was the branch pushed there?",
            ) from None

    def refuse_what_is_not_committed(self) -> None:
        """Raise where files beside ours differ from the commit, or commits of others are not on the remote."""
        but_ours = [f":(exclude){path}" for path in kept_in_git(self.root)]
        changed = git(self.root, "status", "--porcelain", "--untracked-files=normal", "--", ".", *but_ours)
        if changed:
            raise FoldproofError(
                *(f"not committed: {line}" for line in changed.splitlines()),
                "what is trained must be in git (or, data, tracked by `dvc add`): commit, stash or ignore these first",
            )
        others = [subject for subject in self._ahead() if not _is_ours(subject)]
        if others:
            raise FoldproofError(
                *(f"not on {self.shown}: {subject}" for subject in others), "`git push` these commits first"
            )

    def refuse_what_would_collide(self) -> None:
        """Raise where ours were changed on the remote since this checkout."""
        if not git_agrees(self.root, "merge-base", "HEAD", self._tip):
            raise FoldproofError(f"{self.shown} has no commit in common with this checkout; check it out anew")
        theirs = git(self.root, "diff", "--name-only", f"HEAD...{self._tip}", "--", *kept_in_git(self.root))
        if theirs:
            raise FoldproofError(
                f"{self.shown} has moved, and changed {', '.join(theirs.splitlines())} too",
                f"`git reset --hard {self.shown}`, then again: what was trained comes from DVC's cache",
            )

    def changed(self) -> bool:
        """Whether ours differ from the commit."""
        return bool(git(self.root, "status", "--porcelain", "--", *kept_in_git(self.root)))

    def unpushed(self) -> bool:
        """Whether commits of ours have not reached the remote."""
        return bool(self._ahead())

    def commit(self, told: str, details: str) -> None:
        """Commit ours with the subject `told`, by the identity that git knows, else as foldproof."""
        ours = [path for path in kept_in_git(self.root) if (self.root / path).exists()]
        git(self.root, "add", "--", *ours)
        message = f"{SUBJECT}{told} {MARK}\n\n{details}"
        git(self.root, *_identity(self.root), "commit", "--quiet", "--message", message, "--", *ours)

    def push(self) -> int:
        """Push the branch, put on top of what came meanwhile where that left ours alone; how many commits came."""
        came = 0
        for _ in range(TRIES):
            try:
                git(self.root, "push", "--quiet", self.remote, f"HEAD:refs/heads/{self.name}")
            except FoldproofError as refused:
                self.fetch()
                new = int(git(self.root, "rev-list", "--count", f"HEAD..{self._tip}"))
                if not new:
                    raise FoldproofError(
                        *refused.problems,
                        f"{self.shown} refuses the commit; may this user (in CI: this job's token) write to it?",
                    ) from None
                self.refuse_what_would_collide()
                self._rebase()
                came += new
            else:
                return came
        raise FoldproofError(f"{self.shown} has moved {TRIES} times meanwhile; run again")

    def _rebase(self) -> None:
        try:
            git(self.root, *_identity(self.root), "rebase", "--quiet", self._tip)
        except FoldproofError as error:
            git_agrees(self.root, "rebase", "--abort")
            raise FoldproofError(*error.problems, f"`git rebase {self.shown}` by hand, then again") from None

    def _ahead(self) -> list[str]:
        return [line for line in git(self.root, "log", "--format=%s", f"{self._tip}..HEAD").splitlines() if line]


def kept_in_git(root: Path) -> tuple[str, ...]:
    """`dvc.lock` and the outputs of the stages that are not in DVC's cache but in git, as dvc.yaml has them."""
    stages = read_yaml(root / "dvc.yaml")["stages"]
    entries = [
        entry for stage in stages.values() for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])
    ]
    marked = [
        path
        for entry in entries
        if isinstance(entry, dict)
        for path, said in entry.items()
        if not said.get("cache", True)
    ]
    return ("dvc.lock", *marked)


def _is_ours(subject: str) -> bool:
    return subject.startswith(SUBJECT) and MARK in subject


def _configured(root: Path, key: str) -> str:
    return git(root, "config", "--default", "", "--get", key)


def _identity(root: Path) -> tuple[str, ...]:
    """Nothing where the environment or git's configuration names author and committer, else foldproof for this once."""
    asked = [("-c", "user.useConfigOnly=true", "var", f"GIT_{who}_IDENT") for who in ("AUTHOR", "COMMITTER")]
    return () if all(git_agrees(root, *arguments) for arguments in asked) else NOBODY
