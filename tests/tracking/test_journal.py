"""The journal: what is written is read, what a crash cut short is dropped, what is damaged is named."""

import math
import os
import resource
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldproof.errors import TrackingError
from foldproof.tracking.journal import Journal, JournalBusyError, Position, Record, being_written, read

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
bodies = st.dictionaries(st.text(max_size=5), scalars | st.lists(scalars, max_size=3), max_size=3)


def write(path: Path, bodies: list[dict[str, object]]) -> None:
    with Journal(path) as journal:
        for body in bodies:
            journal.append("tags", body)


def told(path: Path) -> list[Record]:
    return read(path)[0]


@given(st.lists(bodies, max_size=4))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, object]]) -> None:
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    write(path, written)
    assert [record.body for record in told(path)] == written
    assert [record.sequence for record in told(path)] == list(range(1, len(written) + 1))


def test_figures_that_json_has_no_word_for_come_back_through_float(tmp_path: Path) -> None:
    write(tmp_path / "j", [{"a": math.nan, "b": [math.inf, -math.inf]}])
    body = told(tmp_path / "j")[0].body
    assert math.isnan(float(body["a"]))
    assert [float(value) for value in body["b"]] == [math.inf, -math.inf]


def test_cut_at_any_byte_the_whole_lines_stay_and_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, [{"n": 1}, {"text": "ä\n\u2028 end"}, {"n": 3.5}])
    content = path.read_bytes()
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        whole = content[:cut].count(b"\n")
        assert len(told(path)) == whole
        write(path, [{"after": cut}])
        assert [record.sequence for record in told(path)] == list(range(1, whole + 2))
        assert told(path)[-1].body == {"after": cut}


@settings(max_examples=200)
@given(st.data())
def test_a_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    write(path, [{"n": index, "text": "abc"} for index in range(4)])
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    ends = [index for index, byte in enumerate(content) if byte == ord("\n")]
    content[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    path.write_bytes(content)
    if place <= ends[1]:
        with pytest.raises(TrackingError, match=r", line [12]: "):
            told(path)
    else:
        # At the end it may look like a line cut short; what is read is then what was written before.
        with suppress(TrackingError):
            assert [record.body["n"] for record in told(path)] in ([0, 1], [0, 1, 2])


def test_damage_in_the_middle_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, [{"n": index} for index in range(4)])
    lines = path.read_bytes().split(b"\n")
    for what in (b"", lines[1].replace(b'"n": 1', b'"n": 7'), lines[2]):
        path.write_bytes(b"\n".join([lines[0], what, *lines[2:]]))
        with pytest.raises(TrackingError, match=rf"{path}, line 2: .*expected record 2"):
            read(path)
        with pytest.raises(TrackingError, match="line 2"):
            Journal(path)


def test_a_missing_record_is_found(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, [{"n": index} for index in range(4)])
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], *lines[2:]]))
    with pytest.raises(TrackingError, match="line 2: record 3, expected record 2"):
        read(path)


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path):
        assert being_written(path)
        with pytest.raises(JournalBusyError, match="another process is writing"):
            Journal(path)
    assert not being_written(path)
    Journal(path).close()


def test_a_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "j"
    position = Position()
    seen: list[int] = []
    with Journal(path) as journal:
        for count in (1, 0, 3):
            for _ in range(count):
                journal.append("tags", {})
            records, position = read(path, position)
            seen.append(len(records))
    assert seen == [1, 0, 3]
    assert position == Position(path.stat().st_size, 4)


def test_what_must_last_is_durable_and_the_rest_waits_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    synced: list[int] = []
    with Journal(path) as journal:
        monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
        journal.append("metrics", {"n": 1})
        assert synced == []
        journal.append("stage", {"n": 2}, durable=True)
        assert synced == [path.stat().st_size], "synced once, when the whole line was there"


def test_a_write_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the kernel takes part of the line, then refuses."""
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.append("tags", {"n": 1})
        before = path.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        try:
            with pytest.raises(OSError, match=r"bytes were written|too large"):
                journal.append("tags", {"n": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == before
        journal.append("tags", {"n": 3})
    assert [record.body["n"] for record in told(path)] == [1, 3]
