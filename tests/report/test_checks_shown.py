"""Checks in a terminal and without one: each as it is done, advice below, all in a line at the end."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from tests.checks.findings import EVIL, FINDINGS

from foldproof.checks.finding import Finding
from foldproof.checks.table import CHECKS
from foldproof.config.check import Check, RateRange
from foldproof.report.checks_shown import MARKS, TITLE, WIDEST, asked_for, show_findings

ROOT = Path(__file__).parents[2]


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_plain_lines_are_aligned_and_say_all() -> None:
    stream, clock = StringIO(), iter((0.0, 4.25))
    assert show_findings(iter(FINDINGS), 4, everything=True, stream=stream, clock=lambda: next(clock)) == FINDINGS
    text = stream.getvalue()
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= WIDEST
    for one in FINDINGS:
        line = next(line for line in text.splitlines() if one.title.split("?")[0][:TITLE].strip() in line)
        assert line.startswith(f" {MARKS[one.status]} {one.title.split()[0]}")
        assert one.sentence.split()[0] in line[TITLE + 3 :]
        for advice in one.advice:
            shown = next(line for line in text.splitlines() if advice.key in line)
            assert shown.index(advice.key) == TITLE + 4
            assert advice.sentence in " ".join(text.split())
    assert EVIL in " ".join(text.split())
    last = "Checks before training: 1 of 3 passed; warning: rate_range; error: gradient; 17 not made; 4.2 s"
    assert text.splitlines()[-2] == last
    assert "docs/checks.md" in text.splitlines()[-1]


def test_the_pipeline_shows_what_is_amiss_with_its_key_and_leaves_the_rest_to_a_line() -> None:
    stream = StringIO()
    show_findings(iter(FINDINGS), 4, everything=False, stream=stream)
    text = " ".join(stream.getvalue().split())
    for one in FINDINGS:
        amiss = one.status in ("error", "warning")
        assert (one.sentence in text) is amiss
        assert (f"check.{one.check} ({one.status})" in text) is amiss
        assert all(advice.sentence in text for advice in one.advice)
    assert (ROOT / re.findall(r"docs/\w+\.md", text)[0]).exists()
    stream = StringIO()
    show_findings(iter(FINDINGS[:1]), 1, everything=False, stream=stream)
    assert len(stream.getvalue().splitlines()) == 1


def test_without_a_terminal_a_line_says_now_and_then_how_many_are_done() -> None:
    stream, now = StringIO(), [0.0]

    def slow() -> Iterator[Finding]:
        for _ in range(10):
            now[0] += 2.0
            yield FINDINGS[0]

    show_findings(slow(), 10, everything=False, stream=stream, clock=lambda: now[0])
    told = [line for line in stream.getvalue().splitlines() if line.startswith("check: ")]
    assert told == [f"check: {done} of 10 done" for done in (3, 6, 9)]


def test_checks_that_are_off_are_not_counted() -> None:
    assert asked_for(Check()) == len(CHECKS)
    assert asked_for(Check(rate_range=RateRange(severity="off"))) == len(CHECKS) - 1


def test_a_finding_is_printed_before_the_next_check_begins() -> None:
    stream = StringIO()

    def one_by_one() -> Iterator[Finding]:
        yield FINDINGS[0]
        assert FINDINGS[0].sentence in stream.getvalue()
        yield FINDINGS[1]

    show_findings(one_by_one(), 2, everything=True, stream=stream)


def test_a_terminal_gets_colour_its_width_and_the_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def failing() -> Iterator[Finding]:
        yield FINDINGS[0]
        raise ValueError("a fault in a check")

    stream = Terminal()
    with pytest.raises(ValueError, match="a fault"):
        show_findings(failing(), 2, everything=True, stream=stream)
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 1
    stream = Terminal()
    show_findings(iter(FINDINGS), 4, everything=True, stream=stream)
    assert "\x1b[" in stream.getvalue()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).replace("\r", "\n")
    assert max(len(line) for line in plain.splitlines()) <= 80


def test_in_a_narrow_terminal_the_sentence_is_below_the_title(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    show_findings(iter(FINDINGS[:1]), 1, everything=True, stream=stream)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).replace("\r", "\n")
    lines = [line.rstrip() for line in plain.splitlines()]
    place = lines.index(f" ✓ {FINDINGS[0].title}")
    assert lines[place + 1] == f"   {FINDINGS[0].sentence}"
