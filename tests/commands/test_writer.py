"""One writer: a second one is refused with the first one's number; a lock goes with its holder; orphans end."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from foldproof.writer import LOCK, BusyError, one_writer

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
