"""Test runs in a copy, each in a fresh process.

Importing torch and its like takes most of a short run's time, so one process imports them once and forks for every run.
The package itself is not among them: each run imports it from the copy, as it then is.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sabotage.copy import Copy

FAILED = 1  # pytest's exit code where tests ran and some failed
LONGEST = 180  # seconds that one test may take
OPTIONS = ("-x", "-q", "--tb=short", "-p", "no:cacheprovider", "--hypothesis-seed=0")
# What a test says that could not even begin, because the wreck has made nonsense of the sources.
NONSENSE = ("NameError", "ImportError", "ModuleNotFoundError", "SyntaxError", "UnboundLocalError")
# Reads a run a line, answers with its exit code. A run that takes too long is ended by its alarm.
FORKING = """
import json, os, signal, sys
import pandas, pytorch_lightning, scipy.stats, sklearn.linear_model, sklearn.neighbors, torch
for line in sys.stdin:
    run = json.loads(line)
    child = os.fork()
    if child == 0:
        written = os.open(run["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(written, 1)
        os.dup2(written, 2)
        signal.alarm(run["limit"])
        import pytest
        sys.exit(pytest.main(run["arguments"]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Outcome:
    """How a test run ended."""

    code: int  # pytest's exit code; negative where a signal ended it
    output: str

    @property
    def red(self) -> bool:
        """Whether a test ran and failed, and not because the sources no longer load."""
        return self.code == FAILED and not self.reason.startswith(NONSENSE)

    @property
    def reason(self) -> str:
        """What the first test that failed said, in a line."""
        found = re.search(r"^(?:FAILED|ERROR) \S.*? - (.*)$", self.output, re.MULTILINE)
        return found[1] if found else f"exit code {self.code}"


@dataclass(frozen=True)
class Runs:
    """Runs tests in a copy, one run at a time."""

    copy: Copy
    process: "subprocess.Popen[str]"

    def run(self, tests: Sequence[str], limit: int = LONGEST) -> Outcome:
        """Run tests (node ids below tests/) in a fresh process, stopping at the first that fails."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        output = self.copy.root.parent / "output"
        arguments = [*OPTIONS, f"--basetemp={self.copy.scratch}", *(f"tests/{test}" for test in tests)]
        print(
            json.dumps({"output": str(output), "limit": limit, "arguments": arguments}),
            file=self.process.stdin,
            flush=True,
        )
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that starts the test runs is gone")
        return Outcome(int(answer), output.read_text(encoding="utf-8", errors="replace"))

    def imported(self) -> Path:
        """Where a test run takes the package from."""
        asked = [sys.executable, "-c", "import foldproof; print(foldproof.__file__)"]
        found = subprocess.run(
            asked, cwd=self.copy.root, env=_environment(self.copy), capture_output=True, text=True, check=True
        )
        return Path(found.stdout.strip())


@contextmanager
def runs_in(copy: Copy) -> Iterator[Runs]:
    """What runs tests in a copy; it ends with the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", FORKING], cwd=copy.root, env=_environment(copy), stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield Runs(copy, process)
        except BaseException:
            process.kill()
            raise


def _environment(copy: Copy) -> dict[str, str]:
    """The copy's sources before those installed; no compiled ones, which may look as young as changed sources."""
    path = os.pathsep.join(filter(None, [str(copy.root / "src"), os.environ.get("PYTHONPATH", "")]))
    ours = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "300"}
    return {**os.environ, **ours}
