"""The display of training: plain lines without a terminal, a drawn one within, closed in any case."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest

from foldproof.data.splits import Member
from foldproof.report.live import LINES, Display, clock_time
from foldproof.training.events import EpochEnded, Event, FitContinued, FitStarted, MemberStopped

MEMBERS = tuple(Member(0, 0, fold) for fold in range(5))


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Two seconds pass between any two looks at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 2.0
        return self.now


def fit(members: tuple[Member, ...] = MEMBERS, epochs: int = 60, populations: int = 1) -> Iterator[Event]:
    """One member stops early, after half of the epochs."""
    yield FitStarted(members, epochs, 18, "accuracy", 112906, "cpu", 1, populations)
    size = len(members) // populations
    for first in range(0, len(members), size):
        alive = list(members[first : first + size])
        for epoch in range(epochs):
            loss = tuple(1.0 / (epoch + 1 + place) for place in range(len(alive)))
            score = tuple(1.0 - 0.1 * value for value in loss)
            rate = (0.001,) * len(alive)
            early = epoch == epochs // 2 and len(alive) > 1
            running = 0 if epoch == epochs - 1 else len(alive) - early
            yield EpochEnded(epoch, tuple(alive), loss, loss, score, rate, running)
            if early:
                yield MemberStopped(alive.pop(), epoch, epoch - 10, "patience")
        for member in alive:
            yield MemberStopped(member, epochs - 1, epochs - 2, "last epoch")


def shown(stream: StringIO, events: Iterator[Event]) -> str:
    with Display(stream, Clock()) as display:
        for event in events:
            display(event)
    return stream.getvalue()


def test_plain_lines() -> None:
    lines = shown(StringIO(), fit()).splitlines()
    told = "training 5 members of 112,906 parameters each on cpu, 1 thread: at most 60 epochs of 18 steps"
    assert lines[0] == told
    figures = "inner-validation loss 0.4567  best 0.4567  accuracy 0.9543"
    assert lines[1].startswith(f"epoch  1/60  running 5/5  {figures}")
    assert lines[-2].startswith("epoch 55/60  running 4/5")
    assert lines[-1].startswith("trained 5 of 5 members in ")
    assert lines[-1].endswith("best epochs 20 to 58 (from 0), 1 stopped before the last one")
    assert len(lines) == LINES + 2
    assert "\x1b" not in "".join(lines)


def test_time_left_is_never_too_short() -> None:
    """At two seconds a look, the longest time still to go falls, and is there until the last line."""
    left = [
        int(minutes) * 60 + int(seconds)
        for minutes, seconds in re.findall(r"left at most (\d+):(\d+)", shown(StringIO(), fit()))
    ]
    assert len(left) == LINES
    assert left[-1] < left[0]
    assert left[-1] > 0


def test_populations_one_after_another() -> None:
    four = MEMBERS[:4]
    text = shown(StringIO(), fit(four, epochs=5, populations=2))
    assert "training 4 members in 2 populations" in text
    assert text.count("epoch 1/5") == 2
    assert "trained 4 of 4 members" in text


def test_populations_side_by_side_are_shown_as_one() -> None:
    """Events of two populations come mixed; a line follows the slower one and counts the members of both."""
    four = MEMBERS[:4]
    told = list(fit(four, epochs=4, populations=2))
    start, events = told[0], told[1:]
    first = [event for event in events if members_of(event) & set(four[:2])]
    second = [event for event in events if members_of(event) & set(four[2:])]
    mixed = [event for pair in zip(first, second, strict=True) for event in pair]
    lines = shown(StringIO(), iter([start, *mixed])).splitlines()
    epochs = [line.split("/")[0] for line in lines if line.startswith("epoch")]
    assert epochs == [f"epoch {number}" for number in (1, 2, 3, 4)]
    assert "running 4/4" in lines[2]
    assert lines[-1].startswith("trained 4 of 4 members")


def lost(member: Member, epoch: int) -> MemberStopped:
    return MemberStopped(member, epoch, -1, "diverged", f"the loss is not finite [step {epoch}]")


@pytest.mark.parametrize("kind", [StringIO, Terminal])
def test_a_member_that_diverges_is_told_as_it_happens(kind: type[StringIO]) -> None:
    events = list(fit(MEMBERS[:3], epochs=4))
    text = shown(kind(), iter([events[0], lost(MEMBERS[4], 0), *events[1:]]))
    assert "fold 4 stopped: the loss is not finite [step 0]" in text
    assert "best epochs -" not in text
    assert text.rstrip().endswith("1 diverged")


def test_what_an_earlier_run_told_of_a_member_is_not_told_again() -> None:
    events = list(fit(MEMBERS[:3], epochs=4))
    again = [events[0], FitContinued(MEMBERS, 2), lost(MEMBERS[4], 1), *events[1:], lost(MEMBERS[3], 2)]
    text = shown(StringIO(), iter(again))
    assert "fold 4 stopped" not in text
    assert "fold 3 stopped" in text


def members_of(event: Event) -> set[Member]:
    return {event.member} if isinstance(event, MemberStopped) else set(event.members)


def test_a_fit_that_goes_on_says_so_and_tells_no_epoch_again() -> None:
    told = list(fit(epochs=20))
    lines = shown(StringIO(), iter([told[0], FitContinued(MEMBERS, 15), *told[1:]])).splitlines()
    assert lines[1] == "fold 0 to fold 4: going on after epoch 15, which an earlier run had come to"
    assert [line.split()[1] for line in lines if line.startswith("epoch")] == ["17/20", "19/20"]


def test_fewer_epochs_than_lines() -> None:
    assert len(shown(StringIO(), fit(epochs=2)).splitlines()) == 4


def test_a_terminal_is_drawn_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    text = shown(Terminal(), fit())
    assert "\x1b[?25l" in text  # the cursor hidden ...
    assert text.rindex("\x1b[?25h") > text.index("\x1b[?25l")  # ... and back
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "60/60" in drawn
    assert "inner-validation loss" in drawn
    assert drawn.rstrip().endswith("1 stopped before the last one")


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(Terminal(), fit())


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("events", [0, 1, 3])
def test_it_closes_when_training_fails(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException], events: int
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()

    def broken() -> None:
        with Display(stream) as display:
            for _, event in zip(range(events), fit(), strict=False):
                display(event)
            raise error

    with pytest.raises(error):
        broken()
    text = stream.getvalue()
    assert text.rindex("\x1b[?25h") > text.index("\x1b[?25l")
    assert "trained" not in text


def test_nothing_trained_nothing_said() -> None:
    assert shown(StringIO(), iter(())) == ""


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (-3, "0:00"), (67.4, "1:07"), (3725, "1:02:05")])
def test_clock_time(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text
