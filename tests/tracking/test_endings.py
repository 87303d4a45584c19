"""However a stage ends, its run in MLflow ends with it, holds each point once, and training waited for nothing.

The stages run at the same time, so that they also meet at a store that does not exist yet.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from foldproof.tracking.journal import read
from foldproof.tracking.mirror import records_left
from foldproof.tracking.sync import sync
from foldproof.tracking.workspace import Home
from tests.tracking.projects import EPOCHS
from tests.tracking.stores import Held, forget_settings, held, open_store

REPOSITORY = Path(__file__).resolve().parents[2]
FINISH, FAIL, KILL, INTERRUPT, AWAY, SILENT = range(6)  # seeds, one a way to end
SECRET = "s3cr3t"


@dataclass
class Ended:
    """A stage's process, after it ended."""

    code: int
    errors: str
    seconds_after: float  # from its signal, where it was sent one


def start(root: Path, seed: int, how: str, uri: str | None = None) -> subprocess.Popen[str]:
    environ = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    environ |= {"MLFLOW_TRACKING_URI": uri} if uri else {}
    command = [sys.executable, "-m", "tests.tracking.stage_process", str(root), str(seed), how]
    return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str], root: Path, seed: int, number: int | None) -> Ended:
    if number is not None:
        deadline = time.monotonic() + 60
        while not (root / f"hangs-{seed}").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
    started = time.monotonic()
    errors = process.communicate(timeout=200)[1]
    return Ended(process.returncode, errors, time.monotonic() - started)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[int, Ended], dict[int, Held]]]:
    """Six stages in one workspace, each ended in its way, and the runs in the store after they ended."""
    root = tmp_path_factory.mktemp("world")
    clean = pytest.MonkeyPatch()
    forget_settings(clean)
    with socket.socket() as silent, socket.socket() as free:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)  # takes connections and never answers
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
        free.close()
        processes = {
            SILENT: start(root, SILENT, "finish", f"http://127.0.0.1:{silent.getsockname()[1]}"),
            FINISH: start(root, FINISH, "finish"),
            FAIL: start(root, FAIL, "fail"),
            KILL: start(root, KILL, "hang"),
            INTERRUPT: start(root, INTERRUPT, "hang"),
            AWAY: start(root, AWAY, "finish", f"http://me:{SECRET}@127.0.0.1:{nobody}"),
        }
        signals = {KILL: signal.SIGKILL, INTERRUPT: signal.SIGINT}
        ended = {seed: end(process, root, seed, signals.get(seed)) for seed, process in processes.items()}
    with open_store(root) as (store, _, _):
        deadline = time.monotonic() + 30
        runs = {}
        for seed in (FINISH, FAIL, KILL, INTERRUPT):
            while True:  # the companion of a killed stage outlives it a little
                found = held(store, digest(seed, root))
                if found.status != "RUNNING" or time.monotonic() > deadline:
                    break
                time.sleep(0.2)
            runs[seed] = found
    yield root, ended, runs
    clean.undo()


def journal_of(seed: int, root: Path) -> Path:
    """The journal of the stage that trained at this seed."""
    (path,) = [path for path in Home(root).journals() if read(path)[0][0].body["params"]["seed"] == seed]
    return path


def digest(seed: int, root: Path) -> str:
    return str(read(journal_of(seed, root))[0][0].body["digest"])


World = tuple[Path, dict[int, Ended], dict[int, Held]]


@pytest.mark.parametrize(
    ("seed", "status", "code"),
    [(FINISH, "FINISHED", 0), (FAIL, "FAILED", 1), (KILL, "KILLED", -9), (INTERRUPT, "KILLED", -2)],
)
def test_the_run_ends_as_the_stage_ended(world: World, seed: int, status: str, code: int) -> None:
    _, ended, runs = world
    assert (ended[seed].code, runs[seed].status) == (code, status)
    assert {child.status for child in runs[seed].children.values()} == {status}
    epochs = list(range(EPOCHS if seed == FINISH else 2))
    assert sorted(runs[seed].children) == ["fold 0", "fold 1"]
    for run in (runs[seed], *runs[seed].children.values()):
        assert [step for step, _ in run.points["training_loss"]] == epochs
    assert runs[seed].points["accuracy"] == [(0, 0.9)]
    assert sorted(runs[seed].files) == ["environment.json", "params.json"]


def test_the_run_says_why(world: World) -> None:
    _, ended, runs = world
    assert runs[FAIL].tags["foldproof.error"] == "ValueError: the loss is not finite"
    assert "ValueError: the loss is not finite" in ended[FAIL].errors
    assert runs[INTERRUPT].tags["foldproof.error"] == "interrupted"
    assert runs[KILL].tags["foldproof.stage.train"] == "killed"
    assert "foldproof.error" not in runs[FINISH].tags
    assert ended[FINISH].errors == ""


@pytest.mark.parametrize("seed", [AWAY, SILENT])
def test_a_server_that_is_away_costs_one_line(world: World, seed: int) -> None:
    root, ended, _ = world
    assert ended[seed].code == 0
    (line,) = ended[seed].errors.splitlines()
    total = records_left(journal_of(seed, root))[1]
    assert line.startswith(f"tracking: {total} of {total} records are not in MLflow yet (")
    assert line.endswith("`foldproof sync` sends them")


def test_a_password_is_nowhere(world: World) -> None:
    root, ended, _ = world
    assert "http://***@127.0.0.1" in ended[AWAY].errors
    assert SECRET not in ended[AWAY].errors
    files = [path for path in root.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_sync_sends_what_was_left_once(world: World) -> None:
    root, _, _ = world
    report = sync(root)
    left = sorted(journal_of(seed, root) for seed in (AWAY, SILENT))
    assert (sorted(report.sent), report.left, report.notes) == (left, (), ())
    assert "2 runs were sent to sqlite:///" in str(report)
    with open_store(root) as (store, _, _):
        for seed in (AWAY, SILENT):
            found = held(store, digest(seed, root))
            assert found.status == "FINISHED"
            assert [step for step, _ in found.points["training_loss"]] == list(range(EPOCHS))
            assert sorted(found.files) == ["environment.json", "params.json"]
    again = sync(root)
    assert (again.sent, again.left) == ((), ())
    assert "MLflow has everything" in str(again)
    assert not list(root.rglob("*.files")), "copies are let go when they have arrived"
    assert not (root / "mlruns").exists()


def test_sync_without_asking_imports_nothing_when_all_was_sent(world: World) -> None:
    root, _, _ = world
    sync(root)
    script = (
        "import sys; from pathlib import Path; from foldproof.tracking.sync import sync\n"
        "print(sync(Path(sys.argv[1]), verify=False))\n"
        "assert 'mlflow' not in sys.modules"
    )
    command = [sys.executable, "-c", script, str(root)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "MLflow has everything" in told
