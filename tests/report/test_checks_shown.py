"""Checks in a terminal and without one: each as it is done, advice below, all in a line at the end."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from tests.checks.findings import EVIL, FINDINGS

from foldproof.checks.finding import Finding
from foldproof.report.checks_shown import MARKS, TITLE, WIDEST, show_findings


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_plain_lines_are_aligned_and_say_all() -> None:
    stream, clock = StringIO(), iter((0.0, 4.25))
    assert show_findings(iter(FINDINGS), stream, lambda: next(clock)) == FINDINGS
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
    assert text.splitlines()[-1] == last


def test_a_finding_is_printed_before_the_next_check_begins() -> None:
    stream = StringIO()

    def one_by_one() -> Iterator[Finding]:
        yield FINDINGS[0]
        assert FINDINGS[0].sentence in stream.getvalue()
        yield FINDINGS[1]

    show_findings(one_by_one(), stream)


def test_a_terminal_gets_colour_its_width_and_the_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def failing() -> Iterator[Finding]:
        yield FINDINGS[0]
        raise ValueError("a fault in a check")

    stream = Terminal()
    with pytest.raises(ValueError, match="a fault"):
        show_findings(failing(), stream)
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 1
    stream = Terminal()
    show_findings(iter(FINDINGS), stream)
    assert "\x1b[" in stream.getvalue()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).replace("\r", "\n")
    assert max(len(line) for line in plain.splitlines()) <= 80
