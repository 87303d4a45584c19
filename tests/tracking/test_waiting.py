"""A stage that waits until all is told reads what its journal holds once, and then only what is new."""

from pathlib import Path

import pytest

from foldproof.tracking import journal as journals
from foldproof.tracking.background import Companion
from foldproof.tracking.journal import Journal
from foldproof.tracking.mirror import Cursor

RECORDS = 5


@pytest.fixture
def companion(tmp_path: Path) -> Companion:
    """Of a stage whose journal holds some records, of which nobody has been told."""
    path = tmp_path / "run.jsonl"
    write(path, RECORDS)
    return Companion(None, tmp_path, path)


def write(path: Path, records: int) -> None:
    with Journal(path) as journal:
        for _ in range(records):
            journal.append("tags", {"a": "b"})


def told(path: Path, records: int) -> None:
    Cursor(sequence=records).save(path)


def test_each_line_is_read_once_however_long_it_waits(companion: Companion, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    looks: list[float] = []
    decode = journals._decode

    def counted(line: bytes) -> journals.Record | None:
        read.append(line)
        return decode(line)

    def wait(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 20:
            told(companion.path, RECORDS)

    monkeypatch.setattr(journals, "_decode", counted)
    monkeypatch.setattr("time.sleep", wait)
    assert companion._told(float("inf"), lambda: True)
    assert len(looks) == 20
    assert len(read) == RECORDS


def test_what_is_written_meanwhile_is_waited_for(companion: Companion, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def wait(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            write(companion.path, 1)
            told(companion.path, RECORDS)
        else:
            told(companion.path, RECORDS + 1)

    monkeypatch.setattr("time.sleep", wait)
    assert companion._told(float("inf"), lambda: True)
    assert len(looks) == 2


@pytest.mark.parametrize(("deadline", "goes_on"), [(0.0, True), (float("inf"), False)])
def test_it_gives_up_at_the_deadline_or_when_nobody_sends(companion: Companion, deadline: float, goes_on: bool) -> None:
    told(companion.path, RECORDS - 1)
    assert not companion._told(deadline, lambda: goes_on)
    told(companion.path, RECORDS)
    assert companion._told(deadline, lambda: goes_on)
