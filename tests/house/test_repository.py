"""The repository as a stranger meets it: few params, commands that exist, nothing of anyone's machine."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from foldproof.config import load_params
from foldproof.config.reading import read_yaml

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    *(
        "dvc.yaml",
        "params.yaml",
        "pipeline",
        "src",
        "data",
        "tests",
        "pyproject.toml",
        "README.md",
        "Makefile",
    ),
    *("constraints.txt", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", ".gitignore", ".dvcignore", ".dvc"),
    *(".ci", ".github", "benchmarks", "chaos", "docs", "examples", "sabotage"),
    *("dvc.lock", "reports"),  # what the pipeline writes and git keeps
}
MOST_KEYS = 60  # in params.yaml; rarer ones are in docs/params.md
TEXT_LIMIT = 2_000_000  # bytes; larger files are data
SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b",
}
# The tests of tracking have made-up ones, to see that they are never shown.
URI_WITH_PASSWORD = r"[a-z+]+://[^\s/:@'\"{}<>]+:(?!\*|\.\.\.|password|secret|PASSWORD)[^\s/:@'\"{}<>]{3,}@[a-z0-9]"
SOMEONES_PATH = r"(?<![\w.])/(?:home|Users|root|work)/[A-Za-z0-9_.-]+"


def tracked() -> list[Path]:
    """The files that git holds or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name and (ROOT / name).is_file()]


def test_the_top_level_is_as_the_readme_says() -> None:
    found = {file.relative_to(ROOT).parts[0] for file in tracked()}
    assert found - TOP_LEVEL == set()
    assert TOP_LEVEL - {"dvc.lock", "reports"} - found == set()


def test_params_are_few_and_each_is_commented() -> None:
    lines = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    assert len(_leaves(read_yaml(ROOT / "params.yaml"))) <= MOST_KEYS
    keys = [number for number, line in enumerate(lines) if re.match(r"\s*\w+:\s*[^\s#]", line)]
    bare = [lines[number].strip() for number in keys if not _is_commented(lines, number)]
    assert not bare, f"say meaning, unit, legal values and advice of: {bare}"


def test_params_are_valid_and_written_for_both_yamls() -> None:
    load_params(ROOT / "params.yaml")
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == read_yaml(ROOT / "params.yaml"), "YAML 1.1 and 1.2 disagree about a value"


def test_the_readmes_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        code = "\n".join([*re.findall(r"```.*?```", text, re.DOTALL), *re.findall(r"`[^`\n]+`", text)])
        named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code))
        assert named, document
        assert named <= targets, f"{document}: {named - targets}"


def test_the_readmes_files_exist() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'(?:src|href)="([^"#]+)"', text)
        for link in links:
            assert link.startswith("https://") or (ROOT / link).exists(), f"{document}: {link}"


def test_the_readme_has_its_figures() -> None:
    assert re.findall(r"FIGURE:\w+", (ROOT / "README.md").read_text(encoding="utf-8")) == []


def test_every_command_is_told_by_make_alone() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [phony] = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    for target in phony.split():
        assert re.search(rf"^{target}:.*## \S", text, re.MULTILINE), target


def test_nothing_secret_and_nobodys_paths_are_in_the_files() -> None:
    found = []
    for file in tracked():
        content = file.read_bytes()[:TEXT_LIMIT]
        if b"\0" in content:
            continue
        text = content.decode("utf-8", errors="replace")
        patterns = {**SECRETS, "a path of somebody's machine": SOMEONES_PATH}
        if not file.is_relative_to(ROOT / "tests/tracking"):
            patterns["a password in a URI"] = URI_WITH_PASSWORD
        for name, pattern in patterns.items():
            found += [f"{file.relative_to(ROOT)}: {name}: {hit.group()}" for hit in re.finditer(pattern, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("version", ["2.6.2", "2.6.3"])
def test_the_compromised_releases_of_lightning_are_excluded(version: str) -> None:
    [requirement] = [Requirement(line) for line in _dependencies() if line.startswith("pytorch-lightning")]
    assert not requirement.specifier.contains(Version(version))
    assert requirement.specifier.contains(Version("2.6.6"))


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    pins = {
        _canonical(requirement.name): requirement
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
        for requirement in [Requirement(line)]
    }
    for requirement in map(Requirement, _dependencies()):
        [pin] = pins[_canonical(requirement.name)].specifier
        assert pin.operator == "=="
        assert "+" not in pin.version, f"{pin}: a local version fits one machine only"
        assert requirement.specifier.contains(pin.version)


def test_workflows_may_only_read_and_pin_what_they_use() -> None:
    for file in sorted((ROOT / ".github/workflows").glob("*.yml")):
        text = file.read_text(encoding="utf-8")
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
        assert "pull_request_target" not in text
        for used in re.findall(r"uses:\s*(\S+.*)", text):
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}\s+# v\d+(\.\d+)*", used), used


def test_the_ci_script_runs_as_it_is() -> None:
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(script)], check=True)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [value]


def _is_commented(lines: list[str], number: int) -> bool:
    """A comment on the line itself or on the one above it."""
    return " #" in lines[number] or (number > 0 and lines[number - 1].lstrip().startswith("#"))


def _dependencies() -> list[str]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["dev"]]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
