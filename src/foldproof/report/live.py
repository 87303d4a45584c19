"""What a person sees while members train: a live display in a terminal, and plain lines anywhere else.

`Display` is a sink of training's events and a context manager. It keeps a few figures and never draws while
training waits: a terminal is redrawn four times a second by a thread of rich's, plain lines come about ten
times a fit.
"""

import sys
from collections.abc import Callable
from statistics import fmean
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from foldproof.data.splits import Member
from foldproof.metrics import METRICS
from foldproof.training.events import EpochEnded, Event, FitContinued, FitStarted, LayersWatched, MemberStopped

if TYPE_CHECKING:
    from rich.console import RenderableType

LINES = 10  # plain lines a population, beside the first and the last


class Display:
    """Shows epoch, members still running, inner-validation loss and score, and the longest time to go."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream or sys.stdout
        self._clock = clock
        self._live: Any = None
        self._start: FitStarted | None = None
        self._began = 0.0
        self._last: dict[int, EpochEnded] = {}  # by population, in the order in which they began
        self._population_of: dict[Member, int] = {}
        self._epochs_done = 0  # of all populations, in this process
        self._continued: dict[Member, int] = {}  # epochs that an earlier process has done
        self._best: dict[str, float] = {}  # lowest inner-validation loss by member
        self._stopped: list[MemberStopped] = []

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, force_jupyter=False)
        if console.is_terminal and not console.is_dumb_terminal:
            self._live = Live(get_renderable=self._drawn, console=console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()  # also gives the cursor back
            self._live = None
        if kind is None and self._start is not None:
            self._say(self._ended())

    def __call__(self, event: Event) -> None:
        """Take in what training tells."""
        if isinstance(event, FitStarted):
            self._start, self._began = event, self._clock()
            self._plain(started(event))
        elif isinstance(event, EpochEnded):
            self._epoch(event)
        elif isinstance(event, FitContinued):
            self._continued |= dict.fromkeys(event.members, event.epochs)
            names = [event.members[0].name, event.members[-1].name][: len(event.members)]
            self._plain(f"{' to '.join(names)}: going on after epoch {event.epochs}, which an earlier run had come to")
        elif not isinstance(event, LayersWatched):
            self._stop(event)

    def _epoch(self, event: EpochEnded) -> None:
        before = self._slowest()
        for member, loss in zip(event.members, event.inner_validation_loss, strict=True):
            self._best[member.name] = min(loss, self._best.get(member.name, loss))
            self._population_of.setdefault(member, len(self._last))
        self._last[self._population_of[event.members[0]]] = event
        if event.epoch < self._continued.get(event.members[0], 0):
            return  # told again
        self._epochs_done += 1
        slowest = self._slowest()
        if self._start is not None and slowest != before and slowest % max(1, self._start.epochs // LINES) == 0:
            self._plain(self._line())

    def _stop(self, event: MemberStopped) -> None:
        self._stopped.append(event)
        if event.reason == "diverged" and event.epoch >= self._continued.get(event.member, 0):
            self._say(f"{event.member.name} stopped: {event.told}")

    def _running(self) -> list[EpochEnded]:
        """The last epoch of each population that has begun and is not done, or of the last one of all."""
        stopped = {one.member for one in self._stopped}
        running = [event for event in self._last.values() if not stopped.issuperset(event.members)]
        return running or [*self._last.values()][-1:]

    def _slowest(self) -> int:
        return min((event.epoch for event in self._running()), default=-1)

    def _plain(self, text: str) -> None:
        if self._live is None:
            self._say(text)

    def _say(self, text: str) -> None:
        """A line, above the live display where there is one."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
            return
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def _line(self) -> str:
        figures = self._figures()
        return "  ".join(f"{name} {value}" for name, value in figures)

    def _figures(self) -> list[tuple[str, str]]:
        """Name and value of what is shown of the last epoch, for both forms."""
        start, last = self._start, self._running()
        assert start is not None
        members = [member for event in last for member in event.members]
        stopped = {one.member for one in self._stopped}
        running = sum(member not in stopped for member in members)
        best = [self._best[member.name] for member in members]
        losses = [loss for event in last for loss in event.inner_validation_loss]
        scores = [value for event in last for value in event.inner_validation_score]
        score = METRICS[start.score].label
        return [
            ("epoch", f"{self._slowest() + 1:>{len(str(start.epochs))}}/{start.epochs}"),
            ("running", f"{running}/{len(start.members)}"),
            ("inner-validation loss", f"{fmean(losses):.4f}"),
            ("best", f"{fmean(best):.4f}"),
            (score, f"{fmean(scores):.4f}"),
            ("elapsed", clock_time(self._clock() - self._began)),
            ("left at most", clock_time(self._left())),
        ]

    def _left(self) -> float:
        """Seconds until the last epoch of the last population, were no member to stop before."""
        assert self._start is not None
        if len(self._stopped) == len(self._start.members):
            return 0.0
        left = self._start.populations * self._start.epochs - self._done()
        return left * (self._clock() - self._began) / max(1, self._epochs_done)

    def _done(self) -> int:
        """Epochs of all populations that are behind; a population whose members have all stopped is done."""
        assert self._start is not None
        running = {id(event) for event in self._running()} if len(self._stopped) < len(self._start.members) else set()
        return sum(event.epoch + 1 if id(event) in running else self._start.epochs for event in self._last.values())

    def _ended(self) -> str:
        assert self._start is not None
        patient = sum(one.reason == "patience" for one in self._stopped)
        epochs = [one.best_epoch for one in self._stopped if one.best_epoch >= 0]
        took = clock_time(self._clock() - self._began)
        told = f"trained {len(self._stopped)} of {len(self._start.members)} members in {took}"
        if not epochs:
            return told
        lost = sum(one.reason == "diverged" for one in self._stopped)
        told += f": best epochs {min(epochs)} to {max(epochs)} (from 0), {patient} stopped before the last one"
        return f"{told}, {lost} diverged" if lost else told

    def _drawn(self) -> "RenderableType":
        """The live form: what trains, a bar, and the figures of the last epoch."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        if self._start is None:
            return Text("preparing to train ...", style="dim")
        head = Text(started(self._start), style="bold")
        if not self._last:
            return Group(head, Text("first epoch ...", style="dim"))
        total = self._start.populations * self._start.epochs
        done = self._done()
        bar = Table.grid()
        bar.add_row(ProgressBar(total=total, completed=done, width=60))
        table = Table.grid(padding=(0, 2))
        for name, value in self._figures():
            table.add_row(Text(name, style="dim"), Text(value.strip()))
        return Group(head, bar, table)


def started(event: FitStarted) -> str:
    """Who trains, on what, for how long at most."""
    threads = f"{event.threads} thread{'s' * (event.threads != 1)}"
    packed = "" if event.populations == 1 else f" in {event.populations} populations"
    packed += ", a process each," if event.engine == "workers" else ""
    return (
        f"training {len(event.members)} members{packed} of {event.parameters:,} parameters each "
        f"on {event.device}, {threads}: at most {event.epochs} epochs of {event.steps_per_epoch} steps"
    )


def clock_time(seconds: float) -> str:
    """Minutes and seconds, `4:07`, with hours in front where there are any."""
    whole = round(max(0.0, seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
