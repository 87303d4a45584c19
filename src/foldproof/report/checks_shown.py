"""Checks in the terminal: what is amiss in full, as soon as it is found, and what all come to.

In a terminal a line below them says how many are done; elsewhere such a line is written every few seconds.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from foldproof.checks.finding import Finding, Status
from foldproof.checks.telling import in_a_line
from foldproof.config.check import Check

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDEST = 100  # columns
BESIDE = 80  # columns, from which on sentences have room beside titles
TITLE = 34  # columns of a title, the mark before it not counted
EVERY = 5.0  # seconds, at least, between lines that say how many are done
MARKS: dict[Status, str] = {"ok": "✓", "warning": "!", "error": "✗", "not applicable": "–"}
STYLES: dict[Status, str] = {"ok": "green", "warning": "yellow", "error": "bold red", "not applicable": "dim"}
AMISS: tuple[Status, ...] = ("warning", "error")


def asked_for(section: Check) -> int:
    """How many checks are not off."""
    return sum(getattr(block, "severity", "off") != "off" for _, block in section)


def show_findings(
    findings: Iterable[Finding],
    total: int,
    *,
    everything: bool,
    stream: TextIO | None = None,
    clock: Callable[[], float] = monotonic,
) -> tuple[Finding, ...]:
    """Print findings as they come, then all in a line with the seconds that they took; returns them.

    Args:
        findings: made one by one while they are taken.
        total: how many are to come.
        everything: also what is in order, and what does not apply; else that is left to the last line.
        stream: where to; standard output by default.
        clock: seconds.
    """
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream or sys.stdout, force_jupyter=False, highlight=False, markup=False)
    alive = console.is_terminal and not console.is_dumb_terminal
    console.width = min(WIDEST, console.width) if console.is_terminal else WIDEST
    began = said = clock()
    done: list[Finding] = []

    def progress() -> Text:
        return Text(f"check: {len(done)} of {total} done, {clock() - began:.0f} s", style="dim")

    live = partial(Live, get_renderable=progress, console=console, refresh_per_second=4, transient=True)
    with live() if alive else nullcontext():
        for one in findings:
            done.append(one)
            if everything or one.status in AMISS:
                _print(console, one)
            elif not alive and clock() - said >= EVERY and len(done) < total:
                console.print(f"check: {len(done)} of {total} done")
                console.file.flush()
                said = clock()
    console.print(f"{in_a_line(done)}; {clock() - began:.1f} s", style="bold")
    if any(one.status in AMISS for one in done):
        console.print("What each check looks at, and what to do: docs/checks.md")
    return tuple(done)


def _print(console: "Console", finding: Finding) -> None:
    """Mark, title and sentence beside each other, or below where there is no room; then its key, and advice."""
    from rich.table import Table
    from rich.text import Text

    beside = console.width >= BESIDE
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2)
    if beside:
        grid.add_column(width=TITLE)
    grid.add_column()
    mark = Text(f" {MARKS[finding.status]}", style=STYLES[finding.status])
    title = Text(finding.title, style="dim" if finding.status == "not applicable" else "")
    first, *others = _told(finding)
    if beside:
        grid.add_row(mark, title, first)
    else:
        grid.add_row(mark, title)
        grid.add_row("", first)
    for one in others:
        grid.add_row(*[""] * (2 if beside else 1), one)
    console.print(grid)
    console.file.flush()


def _told(finding: Finding) -> "list[Text]":
    """The sentence; where something is amiss, the key of the check, where its severity is, and what to change."""
    from rich.text import Text

    told = [Text(finding.sentence)]
    if finding.status in AMISS:
        told.append(Text.assemble((f"check.{finding.check}", "cyan"), f" ({finding.status})"))
    return told + [Text.assemble((one.key, "cyan"), f": {one.sentence}") for one in finding.advice]
