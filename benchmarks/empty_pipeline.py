"""The least that DVC can do: as many stages as ours, each of which copies one small file."""

import subprocess
from pathlib import Path

import yaml

from benchmarks.clones import seconds_of


def make_empty_pipeline(folder: Path, stages: int, environment: dict[str, str]) -> None:
    """A repository with a chain of stages that were all run once, so that a repro has nothing to do."""
    folder.mkdir()
    (folder / "file0").write_text("nothing\n", encoding="utf-8")
    chain = {
        f"stage{index}": {
            "cmd": f"cp file{index} file{index + 1}",
            "deps": [f"file{index}"],
            "outs": [f"file{index + 1}"],
        }
        for index in range(stages)
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": chain}), encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    for command in (["-m", "dvc", "init", "--quiet"], ["-m", "dvc", "repro", "--quiet"]):
        seconds_of(command, folder, environment)
