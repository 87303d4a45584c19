"""Where a result comes from: the digest that is a run's identity, the git commit, the DVC stage and experiment."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foldproof.config import Params
from foldproof.reproducibility import canonical_json, sha256, sha256_of_tree

_SOURCES = {".py", ".html", ".css"}
_SHAPING_FOLDERS = ("src", "pipeline")


@dataclass(frozen=True)
class Commit:
    """The commit that is checked out, and whether what shapes a result differs from it."""

    sha: str
    dirty: bool


def digest_of(params: Params, fingerprint: str, root: Path) -> str:
    """The SHA-256 over all that shapes a result: params, data, foldproof's source, the pipeline, pinned dependencies."""
    package = Path(__file__).resolve().parents[1]
    code = sha256_of_tree([file for file in package.rglob("*") if file.suffix in _SOURCES], package.parent)
    local = [*root.glob("pipeline/*.py"), root / "dvc.yaml", root / "constraints.txt"]
    pipeline = sha256_of_tree([file for file in local if file.is_file()], root)
    return sha256(canonical_json(params.flat()).encode(), fingerprint.encode(), code.encode(), pipeline.encode())


def commit_of(root: Path) -> Commit | None:
    """The commit of the repository that `root` lies in; None without git, a repository, or any commit.

    Dirty are changes to tracked files, and new files beside the sources; what a pipeline run itself rewrites
    (`dvc.lock` and `reports/`) is not counted, else every run would be dirty.
    """
    sha = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not sha:
        return None
    generated = (":(exclude,glob)**/dvc.lock", ":(exclude,glob)**/reports/**")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", *generated)
    added = _git(root, "ls-files", "--others", "--exclude-standard", "--", *_SHAPING_FOLDERS)
    return Commit(sha, dirty=bool(changed or added))


def tags_of(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The tags that tell where a run comes from, in MLflow's own names where it has them."""
    tags: dict[str, str] = {"mlflow.source.name": "foldproof", "mlflow.source.type": "LOCAL"}
    commit = commit_of(root)
    if commit:
        tags |= {"mlflow.source.git.commit": commit.sha, "foldproof.git_dirty": str(commit.dirty).lower()}
    if environ.get("DVC_EXP_NAME"):
        tags["foldproof.dvc_experiment"] = environ["DVC_EXP_NAME"]
    user = environ.get("USER") or environ.get("LOGNAME")
    return tags | ({"mlflow.user": user} if user else {})


def _git(root: Path, *arguments: str) -> str:
    """Git's answer; empty where git is absent or refuses."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
