"""Part `check`: how long stage check takes for the shipped job, a process with all its imports."""

import resource
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks.clones import Clone
from benchmarks.median_interval import explained, median_interval

RUNS = 5
MOST = 15.0  # seconds


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """Wall and processor seconds of so many runs in a clone of the last commit; a missed aim is no error."""
    if find_spec("dvc") is None:
        say("Not measured here: dvc is not installed.")
        return []
    runs, wall, processor = pairs or RUNS, list[float](), list[float]()
    with tempfile.TemporaryDirectory() as scratch:
        clone = Clone.fresh(Path(scratch) / "clone", {})
        for stage in ("prepare", "split", "preprocess"):
            clone.seconds(f"pipeline/{stage}.py")
        for _ in range(runs):
            before = _processor_seconds()
            wall.append(clone.seconds("pipeline/check.py"))
            processor.append(_processor_seconds() - before)
    say(f"Stage check of the shipped job (digits, cnn), {runs} runs; {explained(runs)}.")
    say("| what | median (interval) | aim |")
    say("|---|---|---|")
    found = median_interval(wall)
    told = f"< {MOST:g} s on an idle machine: {'reached' if found.high < MOST else 'missed'}"
    say(f"| wall seconds | {found.median:.1f} ({found.low:.1f} to {found.high:.1f}) | {told} |")
    found = median_interval(processor)
    say(f"| processor seconds | {found.median:.1f} ({found.low:.1f} to {found.high:.1f}) |  |")
    return []


def _processor_seconds() -> float:
    """Of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
