"""The digest changes with all that shapes a result and with nothing else; git tells commit and dirt."""

import subprocess
from pathlib import Path

import pytest
import yaml

from foldproof.config import params_from
from foldproof.tracking.provenance import commit_of, digest_of, shaping_sources, tags_of
from tests.tracking.projects import chosen


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def write(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("params.yaml", "dvc.yaml", "dvc.lock", "src/mine.py", "reports/metrics.json", "pipeline/train.py"):
        write(tmp_path, name, "1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_the_digest_is_of_params_data_code_and_pins(tmp_path: Path) -> None:
    seen = [digest_of(chosen(), "f1", tmp_path)]
    assert digest_of(chosen(), "f1", tmp_path) == seen[0]
    assert len(seen[0]) == 64
    seen.append(digest_of(chosen(), "f2", tmp_path))
    seen.append(digest_of(params_from({"schema": 1, "seed": 1}), "f1", tmp_path))
    stages = ("stages: {train: {cmd: a}}", "stages: {train: {cmd: b}}")
    for name, contents in (("pipeline/train.py", "ab"), ("dvc.yaml", stages), ("constraints.txt", "ab")):
        for content in contents:
            write(tmp_path, name, content)
            seen.append(digest_of(chosen(), "f1", tmp_path))
    assert len(set(seen)) == len(seen)
    for name in ("README.md", "reports/metrics.json", "dvc.lock", "pipeline/__pycache__/train.pyc"):
        write(tmp_path, name, "x")
        assert digest_of(chosen(), "f1", tmp_path) == seen[-1]
    write(tmp_path, "dvc.yaml", "# a comment\nstages:\n  train:\n    cmd: b\n    desc: what it does\n")
    assert digest_of(chosen(), "f1", tmp_path) == seen[-1]


def test_a_pipeline_that_cannot_be_read_is_taken_as_it_is(tmp_path: Path) -> None:
    seen = set()
    for content in ("stages: [", "stages: 1", "[]", "stages: {a: 1}", ""):
        write(tmp_path, "dvc.yaml", content)
        seen.add(digest_of(chosen(), "f1", tmp_path))
    assert len(seen) == 5


def test_the_digest_is_of_the_sources_that_the_stages_depend_on() -> None:
    """Else a change would rerun nothing and still make another run, or rerun a stage and stay the same run."""
    root = Path(__file__).resolve().parents[2]
    stages = yaml.safe_load((root / "dvc.yaml").read_text())["stages"].values()
    declared = {root / name for stage in stages for name in stage["deps"] if name.startswith("src/foldproof/")}
    depended_on = {file for path in declared for file in ([path] if path.is_file() else path.rglob("*"))}
    assert set(shaping_sources()) == {file for file in depended_on if file.suffix in {".py", ".html", ".css"}}


def test_the_digest_is_the_same_elsewhere(tmp_path: Path) -> None:
    for name in ("one", "another place"):
        write(tmp_path / name, "dvc.yaml", "stages: {}")
    assert digest_of(chosen(), "f", tmp_path / "one") == digest_of(chosen(), "f", tmp_path / "another place")


def test_a_commit_is_clean_until_something_that_matters_changes(repository: Path) -> None:
    commit = commit_of(repository)
    assert commit is not None
    assert len(commit.sha) == 40
    assert not commit.dirty
    # A pipeline run writes these itself, and a stray note shapes nothing.
    for name in ("dvc.lock", "reports/metrics.json", "notes.txt"):
        write(repository, name, "2")
    (repository / "reports" / "metrics.json").unlink()
    assert commit_of(repository) == commit
    write(repository, "src/new.py", "2")
    assert commit_of(repository) != commit
    (repository / "src" / "new.py").unlink()
    write(repository, "params.yaml", "2")
    found = commit_of(repository)
    assert found is not None
    assert (found.sha, found.dirty) == (commit.sha, True)


def test_without_git_or_a_commit_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit_of(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert commit_of(tmp_path) is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert commit_of(tmp_path) is None
    assert "mlflow.source.git.commit" not in tags_of(tmp_path, {})


def test_tags_name_commit_experiment_and_user(repository: Path) -> None:
    tags = tags_of(repository, {"DVC_EXP_NAME": "tangy-hoof", "USER": "ann"})
    assert tags["foldproof.dvc_experiment"] == "tangy-hoof"
    assert tags["mlflow.user"] == "ann"
    assert tags["foldproof.git_dirty"] == "false"
    assert tags["mlflow.source.git.commit"] == commit_of(repository).sha  # type: ignore[union-attr]
