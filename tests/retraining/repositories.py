"""A project of one small DVC stage in a git repository, with a bare git remote and a DVC remote beside it."""

import subprocess
import sys
from pathlib import Path

from foldproof.workflow import stage_environment

# What it writes, the pipeline of this repository writes too: a folder in DVC's cache, and a file that git keeps.
PIPELINE = """
stages:
  train:
    cmd: python train.py
    deps: [data/raw, train.py]
    outs: [models]
    metrics:
      - reports/metrics.json: {cache: false}
"""
TRAIN = """
from pathlib import Path
rows = Path("data/raw/rows.csv").read_text()
Path("models").mkdir()
for name in ("weights", "facts"):
    Path("models", name).write_text(name + rows)
Path("reports").mkdir(exist_ok=True)
Path("reports/metrics.json").write_text("{}" + rows)
"""


def run(folder: Path, *command: str) -> str:
    """Run a command in `folder`; returns what it printed."""
    name, *arguments = command
    words = [sys.executable, "-m", "dvc", *arguments] if name == "dvc" else list(command)
    done = subprocess.run(words, cwd=folder, env=stage_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def write(folder: Path, name: str, content: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")


def begin(folder: Path) -> Path:
    """A checkout of `main` with one commit, which is on origin too."""
    run(folder, "git", "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    here = folder / "a checkout"
    here.mkdir()
    run(here, "git", "init", "--quiet", "--initial-branch=main")
    for name, content in (
        ("dvc.yaml", PIPELINE),
        ("train.py", TRAIN),
        (".gitignore", "/models/\n/.foldproof/\n"),
        ("dvc.lock", "0"),
    ):
        write(here, name, content)
    write(here, "data/raw/rows.csv", "1")
    publish(here, "first")
    return here


def publish(here: Path, subject: str) -> None:
    """Commit all and push it."""
    run(here, "git", "add", "--all")
    run(here, "git", "commit", "--quiet", "--message", subject)
    run(here, "git", "push", "--quiet", str(here.parent / "origin.git"), "HEAD:main")


def clone(here: Path, name: str) -> Path:
    """Another checkout of origin, shallow as CI's."""
    origin = (here.parent / "origin.git").as_uri()
    run(here.parent, "git", "clone", "--quiet", "--depth=1", origin, name)
    return here.parent / name
