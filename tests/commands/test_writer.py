"""One writer: a second one is refused with the first one's number; a lock goes with its holder; orphans end."""

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from foldproof.errors import FoldproofError
from foldproof.reproducibility import write_json
from foldproof.writer import CUT_SHORT, LOCK, LOCKS_OF_DVC, BusyError, one_run, one_writer

HOLD = """
    import sys, time
    from pathlib import Path
    from foldproof.writer import one_writer
    with one_writer(Path(sys.argv[1]), "train"):
        print("holding", flush=True)
        time.sleep(60)
"""


def holder(folder: Path, command: list[str] | None = None) -> "subprocess.Popen[str]":
    script = textwrap.dedent(HOLD)
    process = subprocess.Popen(
        [*(command or []), sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    return process


def test_a_second_writer_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        told = rf'"pid": {first.pid}, "stage": "train".*FOLDPROOF_WAIT=1'
        with pytest.raises(BusyError, match=told), one_writer(tmp_path, "train"):
            pytest.fail("two writers")
        first.kill()


def test_a_lock_ends_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
    with one_writer(tmp_path, "evaluate"):
        assert f'"pid": {os.getpid()}' in (tmp_path / LOCK).read_text()
    with one_writer(tmp_path, "report"):
        assert '"stage": "report"' in (tmp_path / LOCK).read_text()


@pytest.mark.parametrize("content", [b"", b'{"pid": 1', b"\xff\x00"])
def test_what_a_stale_or_cut_file_says_does_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LOCK).parent.mkdir()
    (tmp_path / LOCK).write_bytes(content)
    with one_writer(tmp_path, "train"), pytest.raises(BusyError), one_writer(tmp_path, "train"):
        pytest.fail("two writers")


def test_a_writer_may_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDPROOF_WAIT", "1")
    with holder(tmp_path) as first:
        started = time.monotonic()
        subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {first.pid}"]).wait()
        with one_writer(tmp_path, "train"):
            assert time.monotonic() - started >= 1


def test_an_orphan_ends_and_its_lock_with_it(tmp_path: Path) -> None:
    read, write = os.pipe()
    script = tmp_path / "hold.py"
    script.write_text(textwrap.dedent(HOLD))
    command = f'"{sys.executable}" "{script}" "{tmp_path}" & wait'
    parent = subprocess.Popen(["sh", "-c", command], stdout=write, text=True)
    os.close(write)
    with os.fdopen(read) as told:
        assert told.readline() == "holding\n"
        parent.kill()
        parent.wait()
        assert told.read() == "", "it ends, and so does its end of the pipe"
    with one_writer(tmp_path, "train"):
        pass


# As DVC does it: the variable, a shell (which some keep beside the command), no session of the stage's own.
STARTER = """
    import os, subprocess, sys
    subprocess.run(["sh", "-c", sys.argv[1]], env=os.environ | {"DVC_STAGE": "train"})
"""


def started_by_a_stand_in_of_dvc(command: str, told: int, marked: bool = True) -> "subprocess.Popen[str]":
    """A process that runs `command` as DVC would, in a session of its own, and has its words go to `told`."""
    script = textwrap.dedent(STARTER if marked else STARTER.replace('"DVC_STAGE"', '"NOBODYS_VARIABLE"'))
    starter = [sys.executable, "-c", script, command]
    return subprocess.Popen(starter, stdout=told, stderr=told, text=True, start_new_session=True)


@pytest.fixture
def command(tmp_path: Path) -> str:
    """The command line of a holder of the lock in `tmp_path`."""
    script = tmp_path / "hold.py"
    script.write_text(textwrap.dedent(HOLD))
    return f'"{sys.executable}" "{script}" "{tmp_path}"'


@pytest.mark.skipif(not Path("/proc").exists(), reason="only the parent itself is watched here")
@pytest.mark.parametrize("shell_stays", [False, True])
def test_an_orphan_ends_also_behind_a_shell_that_lives_on(tmp_path: Path, command: str, shell_stays: bool) -> None:
    read, write = os.pipe()
    dvc = started_by_a_stand_in_of_dvc(f"{command}; true" if shell_stays else f"exec {command}", write)
    os.close(write)
    with os.fdopen(read) as told:
        assert told.readline() == "holding\n"
        dvc.kill()
        dvc.wait()
        assert "the `dvc` that started this stage is gone; ending too" in told.read()
    with one_writer(tmp_path, "train"):
        pass


def test_who_runs_a_stage_by_hand_may_leave(tmp_path: Path, command: str) -> None:
    """Only the parent counts then: a script goes on when the terminal that it was started from is closed."""
    read, write = os.pipe()
    terminal = started_by_a_stand_in_of_dvc(f"{command}; true", write, marked=False)
    os.close(write)
    with os.fdopen(read) as told:
        assert told.readline() == "holding\n"
        terminal.kill()
        terminal.wait()
        time.sleep(1)
        with pytest.raises(BusyError), one_writer(tmp_path, "train"):
            pytest.fail("two writers")
        os.killpg(terminal.pid, signal.SIGKILL)
        assert told.read() == ""


@pytest.mark.skipif(not Path("/proc").exists(), reason="an early end of DVC is not noticed here")
def test_a_stage_whose_dvc_was_gone_before_it_began_does_not_begin(tmp_path: Path, command: str) -> None:
    read, write = os.pipe()
    (tmp_path / "dvc_is_gone").unlink(missing_ok=True)
    waiting = f"while ! test -e '{tmp_path}/dvc_is_gone'; do sleep 0.05; done; exec {command}"
    dvc = started_by_a_stand_in_of_dvc(f"echo started; {waiting}", write)
    os.close(write)
    with os.fdopen(read) as told:
        assert told.readline() == "started\n"
        dvc.kill()
        dvc.wait()
        (tmp_path / "dvc_is_gone").touch()
        assert "OrphanedError: the `dvc` that started this stage is gone" in told.read()


@pytest.mark.skipif(not Path("/proc").exists(), reason="only the parent itself is watched here")
def test_who_waits_for_the_lock_does_not_outlive_dvc_either(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDPROOF_WAIT", "1")
    read, write = os.pipe()
    with one_writer(tmp_path, "train"):
        dvc = started_by_a_stand_in_of_dvc(f"echo started; {command}; true", write)
        os.close(write)
        with os.fdopen(read) as told:
            assert told.readline() == "started\n"
            time.sleep(1)
            dvc.kill()
            dvc.wait()
            assert "is gone" in told.read()


def test_the_lock_holds_on_a_full_disk(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with one_writer(tmp_path, "train"), pytest.raises(BusyError, match="not said which"):  # noqa: SIM117
            with one_writer(tmp_path, "train"):
                pytest.fail("two writers")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_stages_own_troubles_go_through(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="its own"), one_writer(tmp_path, "train"):
        raise OSError("its own")
    with one_writer(tmp_path, "train"):
        pass


def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(FoldproofError, match="gives no locks"), one_writer(tmp_path, "train"):
        pytest.fail("without a lock")


def test_somebody_elses_lock_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_yours(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", not_yours)
    with pytest.raises(FoldproofError, match="another user"), one_writer(tmp_path, "train"):
        pytest.fail("without a lock")


@pytest.fixture
def dvc_at_work(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that DVC's locks name as the one who writes."""
    script = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, "dvc", "repro"]) as process:
        holder = {"pid": process.pid, "cmd": "dvc repro"}
        write_json(tmp_path / LOCKS_OF_DVC, {"write": {"models": holder}, "read": {"data": [holder]}})
        yield process
        process.kill()


def test_a_run_is_refused_while_dvc_is_at_work(tmp_path: Path, dvc_at_work: "subprocess.Popen[bytes]") -> None:
    told = rf'"pid": {dvc_at_work.pid}, a `dvc` of its own.*FOLDPROOF_WAIT=1'
    with pytest.raises(BusyError, match=told), one_run(tmp_path):
        pytest.fail("DVC would refuse")
    dvc_at_work.kill()
    dvc_at_work.wait()
    with one_run(tmp_path):
        pass


def test_a_run_may_wait_for_dvc(
    tmp_path: Path, dvc_at_work: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDPROOF_WAIT", "1")
    Timer(0.5, dvc_at_work.wait).start()  # else it would stay as one who is dead and not yet buried
    Timer(0.3, dvc_at_work.kill).start()
    with one_run(tmp_path):
        assert dvc_at_work.poll() is not None


def test_a_second_run_is_refused_and_its_stages_are_not(tmp_path: Path) -> None:
    with one_run(tmp_path):
        with pytest.raises(BusyError, match=f'"pid": {os.getpid()}'), one_run(tmp_path):
            pytest.fail("two runs")
        with one_writer(tmp_path, "train"):
            pass


@pytest.mark.parametrize("content", ["", "schema: '2.0'\nstages:\n  prepare:\n    cmd: pyth"])
def test_what_a_killed_dvc_left_cut_short_is_set_aside(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dvc.lock").write_text(content)
    with one_run(tmp_path):
        assert not (tmp_path / "dvc.lock").exists()
        assert (tmp_path / CUT_SHORT).read_text() == content
        assert "comes back from DVC's cache" in capsys.readouterr().err
        (tmp_path / "dvc.lock").write_text("schema: '2.0'\n")
    with one_run(tmp_path):
        assert (tmp_path / "dvc.lock").exists()
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize("content", ["", '{"write": {"mod', '{"write": {"models": {"pid": 1}}}', '{"write": 3}'])
def test_locks_of_dvc_that_say_nothing_of_it_are_passed_over(tmp_path: Path, content: str) -> None:
    """Cut short, of another form, or of a process whose number was given to another since."""
    (tmp_path / LOCKS_OF_DVC).parent.mkdir(parents=True)
    (tmp_path / LOCKS_OF_DVC).write_text(content)
    with one_run(tmp_path):
        assert (tmp_path / LOCKS_OF_DVC).exists() == content.endswith("}"), "DVC refuses to read what is cut short"
