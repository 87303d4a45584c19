"""Between two stages the companion waits for the next one, and costs next to nothing."""

from pathlib import Path

import pytest

from foldproof.tracking import background
from foldproof.tracking import journal as journals
from foldproof.tracking.journal import Journal


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal that nobody writes."""
    path = tmp_path / "run.jsonl"
    with Journal(path) as journal:
        journal.append("tags", {"a": "b"})
    monkeypatch.setattr(background, "LINGER", 0.5)
    monkeypatch.setattr(background, "LOOKED_EVERY", 0.05)
    return path


def test_who_lingers_reads_no_journal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[bytes] = []
    monkeypatch.setattr(journals, "_decode", lines.append)
    assert not background._another_begins(path)
    assert not lines


def test_a_stage_that_begins_is_noticed(path: Path) -> None:
    with Journal(path):
        assert background._another_begins(path)


def test_a_stage_that_was_there_between_two_looks_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_and_end(_: float) -> None:
        with Journal(path) as journal:
            journal.append("tags", {"c": "d"})

    monkeypatch.setattr("time.sleep", write_and_end)
    assert background._another_begins(path)
