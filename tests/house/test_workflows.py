"""What CI's workflows may do: who starts them, what they may write, and who sees a secret.

`test_repository.py` holds that every action is pinned by its SHA and that permissions begin with reading.
"""

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldproof.retraining.branch import kept_in_git

ROOT = Path(__file__).resolve().parents[2]
FILES = {file.stem: file for file in sorted((ROOT / ".github/workflows").glob("*.yml"))}
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(file.read_text()) for name, file in FILES.items()}
STRANGERS = {"pull_request", "pull_request_target", "issue_comment", "issues", "fork", "workflow_run"}
LONGEST = 360  # minutes that GitHub lets a job run

every_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def triggers(name: str) -> dict[str, Any]:
    """What starts a workflow; YAML 1.1 reads the key `on` as true."""
    found: dict[str, Any] = WORKFLOWS[name].get("on") or WORKFLOWS[name][True]
    return found


def jobs(name: str) -> list[dict[str, Any]]:
    return list(WORKFLOWS[name]["jobs"].values())


def steps(name: str, action: str = "") -> list[dict[str, Any]]:
    """Its steps, or those that use an action."""
    return [step for job in jobs(name) for step in job["steps"] if step.get("uses", "").startswith(action)]


def may_write(job: dict[str, Any]) -> bool:
    return "write" in str(job.get("permissions", {}))


@every_workflow
def test_whoever_strangers_can_start_writes_nothing_and_sees_no_secret(name: str) -> None:
    if STRANGERS & set(triggers(name)):
        assert not any(may_write(job) for job in jobs(name))
        assert "secrets." not in FILES[name].read_text()
        assert "inherit" not in FILES[name].read_text()


@every_workflow
def test_credentials_stay_on_disk_only_where_something_is_pushed(name: str) -> None:
    for job in jobs(name):
        for step in [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]:
            assert step["with"]["persist-credentials"] == may_write(job)


@every_workflow
def test_every_job_ends(name: str) -> None:
    assert all(0 < job["timeout-minutes"] < LONGEST for job in jobs(name))


@every_workflow
def test_no_expression_is_pasted_into_a_script(name: str) -> None:
    assert not [step["run"] for step in steps(name) if "${{" in step.get("run", "")]


def test_an_action_has_one_version() -> None:
    used = {tuple(step["uses"].split("@")) for name in WORKFLOWS for step in steps(name) if "uses" in step}
    versions: dict[str, set[str]] = {}
    for action, version in used:
        versions.setdefault("/".join(action.split("/")[:2]), set()).add(version)
    assert not {action: found for action, found in versions.items() if len(found) > 1}


def test_retraining_is_of_main_alone_one_at_a_time() -> None:
    found = triggers("retrain")
    assert set(found) == {"push", "schedule", "workflow_dispatch"}
    assert found["push"]["branches"] == ["main"]
    [job] = jobs("retrain")
    assert job["if"] == "github.ref == 'refs/heads/main'"
    assert job["permissions"] == {"contents": "write"}
    assert WORKFLOWS["retrain"]["concurrency"] == {"group": "retrain", "cancel-in-progress": False}
    [checkout] = steps("retrain", "actions/checkout@")
    assert checkout["with"]["ref"] == "main", "a commit that waited in the queue lacks what the run before committed"


def test_retraining_starts_for_what_stages_read_and_never_for_its_own_commit() -> None:
    patterns = [re.sub(r"/\*\*$", "/*", pattern) for pattern in triggers("retrain")["push"]["paths"]]
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].values()
    written = {str(next(iter(out))) if isinstance(out, dict) else out for stage in stages for out in stage["outs"]}
    read = {dep for stage in stages for dep in stage["deps"]} - written
    read = {dep for dep in read if not any(Path(dep).is_relative_to(out) for out in written)}
    assert not {dep for dep in {*read, "params.yaml", "dvc.yaml"} if not any(fnmatch(dep, p) for p in patterns)}
    assert not [path for path in kept_in_git(ROOT) if any(fnmatch(path, p) for p in patterns)]


def test_the_logic_of_retraining_is_in_make_retrain() -> None:
    commands = [step["run"] for step in steps("retrain") if "run" in step]
    assert commands == ["make .venv/.installed", "make retrain"]
    [with_secrets] = [step for step in steps("retrain") if "secrets." in str(step)]
    assert with_secrets["run"] == "make retrain"


def test_what_is_kept_of_a_run_is_there_for_the_next_one_on_main_alone() -> None:
    [restore], [save] = steps("retrain", "actions/cache/restore@"), steps("retrain", "actions/cache/save@")
    for name in ("path", "key"):
        assert restore["with"][name] == save["with"][name]
    assert ".foldproof/resume" in save["with"]["path"].split()
    assert save["if"] == "always()"
    [job] = jobs("retrain")
    [training] = [step for step in job["steps"] if step.get("run") == "make retrain"]
    assert training["timeout-minutes"] < job["timeout-minutes"], "else nothing is left for keeping the checkpoints"
    prefix = restore["with"]["restore-keys"]
    assert save["with"]["key"].startswith(prefix)
    others = [str(step) for name in WORKFLOWS if name != "retrain" for step in steps(name)]
    assert not [step for step in others if prefix in step]
