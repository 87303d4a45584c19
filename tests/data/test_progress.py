"""Progress: silent where the work is short, a line now and then where it is not."""

import pytest

from foldproof.data.progress import QUIET, watched


def said(seconds_a_part: float, parts: int, rows: int | None, capsys: pytest.CaptureFixture[str]) -> list[str]:
    now = -seconds_a_part

    def clock() -> float:
        nonlocal now
        now += seconds_a_part
        return now

    assert list(watched(range(parts), lambda _: 1000, "reading a.csv", rows, clock)) == list(range(parts))
    return capsys.readouterr().out.splitlines()


def test_nothing_is_said_of_short_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(QUIET / 100, 50, None, capsys) == []


def test_long_work_says_how_far_it_is_ever_more_seldom(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(1.0, 100, 100_000, capsys)
    assert lines[0] == "reading a.csv: 2,000 rows of 100,000 (2 %), 2 s"
    assert 5 < len(lines) < 12
    assert said(2.0, 1, None, capsys) == ["reading a.csv: 1,000 rows, 2 s"]
