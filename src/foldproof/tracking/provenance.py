"""Where a result comes from: the digest that is a run's identity, the git commit, the DVC stage and experiment."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foldproof.config import Params
from foldproof.data.sources import hash_of_own_source
from foldproof.model.given import hash_of_given
from foldproof.reproducibility import canonical_json, sha256, sha256_of_tree

PACKAGE = Path(__file__).resolve().parents[1]
_SOURCES = {".py", ".html", ".css"}
# They record, start and read results; no stage of dvc.yaml depends on them, which a test holds.
_SHAPES_NOTHING = {
    "__init__.py",
    "checking.py",
    "cli.py",
    "cross_validation.py",
    "prediction.py",
    "retraining",
    "tracking",
    "validation.py",
    "workflow.py",
}
_SAID_OF_STAGES = {"desc", "meta", "metrics", "plots"}
_SHAPING_FOLDERS = ("src", "pipeline")


@dataclass(frozen=True)
class Commit:
    """The commit that is checked out, and whether what shapes a result differs from it."""

    sha: str
    dirty: bool


def digest_of(params: Params, fingerprint: str, root: Path) -> str:
    """The SHA-256 over all that shapes a result: params, data, sources, the pipeline, pinned dependencies.

    Sources are foldproof's, and those of the user's own network and source of data.
    What shapes no output of a stage is left out, else a change of it would make old results look like new ones.
    """
    code = sha256_of_tree(shaping_sources(), PACKAGE.parent)
    local = [*root.glob("pipeline/*.py"), root / "constraints.txt"]
    scripts = sha256_of_tree([file for file in local if file.is_file()], root)
    given = hash_of_given(params.model) + hash_of_own_source(params.data)
    parts = (canonical_json(params.flat()), fingerprint, code, given, scripts, _stages(root / "dvc.yaml"))
    return sha256(*(part.encode() for part in parts))


def shaping_sources() -> list[Path]:
    """The files of this package that the output of some stage depends on."""
    files = [file for file in PACKAGE.rglob("*") if file.suffix in _SOURCES]
    return [file for file in files if file.relative_to(PACKAGE).parts[0] not in _SHAPES_NOTHING]


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


def _stages(dvc_yaml: Path) -> str:
    """The stages of a pipeline without what is only said of them; empty where there is none."""
    import yaml

    try:
        described = yaml.safe_load(dvc_yaml.read_text())["stages"]
        return canonical_json({name: _without(stage, _SAID_OF_STAGES) for name, stage in described.items()})
    except FileNotFoundError:
        return ""
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return dvc_yaml.read_text()


def _without(stage: dict[str, object], names: set[str]) -> dict[str, object]:
    return {name: value for name, value in stage.items() if name not in names}
