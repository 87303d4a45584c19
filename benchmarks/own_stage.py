"""`python -m benchmarks.own_stage STAGE`: a stage of the pipeline in this folder; what it took, as JSON, at the end.

Mapped files count as memory while they are in it, though the system takes them out where it needs room; so what is
the process's own is told apart.
"""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

from foldproof.workflow import stage_environment

ROOT = Path(__file__).resolve().parents[1]
EVERY = 0.01  # seconds between looks at the memory


def main(stage: str) -> None:
    """Run it as `dvc repro` would, and print."""
    done, seen = Event(), list[float]()

    def look() -> None:
        while not done.wait(EVERY):
            seen.append(_megabytes("RssAnon"))

    watch = Thread(target=look, daemon=True)
    watch.start()
    started = perf_counter()
    try:
        runpy.run_path(str(ROOT / "pipeline" / f"{stage}.py"), run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    seconds = perf_counter() - started
    done.set()
    used = sum(os.times()[:4])  # of children too
    print(json.dumps({"seconds": seconds, "cpu": used, "peak": _megabytes("VmHWM"), "own": max(seen)}))


def run(stage: str) -> dict[str, Any]:
    """A stage, on this folder's `params.yaml` and data, in a process of its own: seconds, CPU seconds and MB."""
    command = [sys.executable, "-m", "benchmarks.own_stage", stage]
    path = f"{ROOT}:{ROOT / 'src'}"
    done = subprocess.run(
        command, env={**stage_environment(), "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"stage {stage}: exit code {done.returncode}\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _megabytes(field: str) -> float:
    """A field of this process's status, which only Linux has."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [found] = [line for line in lines if line.startswith(f"{field}:")]
    return int(found.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main(sys.argv[1])
