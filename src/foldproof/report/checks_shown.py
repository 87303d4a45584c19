"""Checks in the terminal: each finding as it is done, and what they come to.

In a terminal a line below them says how many are done; plain lines anywhere else.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from foldproof.checks.finding import Finding, Status
from foldproof.checks.telling import in_a_line

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 100  # columns
TITLE = 34  # columns of a title, the mark before it not counted
MARKS: dict[Status, str] = {"ok": "✓", "warning": "!", "error": "✗", "not applicable": "–"}
STYLES: dict[Status, str] = {"ok": "green", "warning": "yellow", "error": "bold red", "not applicable": "dim"}


def show_findings(
    findings: Iterable[Finding], stream: TextIO | None = None, clock: Callable[[], float] = monotonic
) -> tuple[Finding, ...]:
    """Print each finding as soon as it comes, then all in a line with the seconds that they took; returns them."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream or sys.stdout, force_jupyter=False, highlight=False, markup=False)
    alive = console.is_terminal and not console.is_dumb_terminal
    console.width = min(WIDEST, console.width) if console.is_terminal else WIDEST
    began = clock()
    done: list[Finding] = []

    def progress() -> Text:
        return Text(f"{len(done)} checks done, {clock() - began:.0f} s ...", style="dim")

    live = partial(Live, get_renderable=progress, console=console, refresh_per_second=4, transient=True)
    with live() if alive else nullcontext():
        for one in findings:
            done.append(one)
            _print(console, one)
    console.print(f"{in_a_line(done)}; {clock() - began:.1f} s", style="bold")
    return tuple(done)


def _print(console: "Console", finding: Finding) -> None:
    """Mark, title and sentence beside each other, advice below the sentence."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2)
    grid.add_column(width=TITLE)
    grid.add_column()
    style = STYLES[finding.status]
    title = Text(finding.title, style="dim" if finding.status == "not applicable" else "")
    grid.add_row(Text(f" {MARKS[finding.status]}", style=style), title, Text(finding.sentence))
    for one in finding.advice:
        grid.add_row("", "", Text.assemble((one.key, "cyan"), f": {one.sentence}"))
    console.print(grid)
    console.file.flush()
