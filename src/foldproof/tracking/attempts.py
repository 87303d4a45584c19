"""Which journal a stage writes: a run is a digest and an attempt at it."""

import time
from dataclasses import dataclass
from pathlib import Path

from foldproof.errors import TrackingError
from foldproof.tracking.journal import Journal, JournalBusyError
from foldproof.tracking.picture import TRAINING, picture_of
from foldproof.tracking.workspace import Home

MOMENT = 3.0  # seconds that a look at a journal, with a note in it, may take on a busy machine


@dataclass(frozen=True)
class Opened:
    """A journal open for writing."""

    journal: Journal
    attempt: int  # counted from 1
    problems: tuple[str, ...]  # damaged journals that were passed over

    @property
    def is_new(self) -> bool:
        """Whether it holds nothing yet."""
        return not self.journal.earlier


def open_journal(home: Home, digest: str, stage: str) -> Opened:
    """The journal for `stage`.

    Stages continue the newest attempt. Training begins another one where later stages went on from that attempt's
    training (a forced repeat); before that DVC may have been killed between the end of training and noting it, and the
    same run goes on. Any stage begins another one where a process is writing the newest, or where it is damaged.
    """
    attempt = max(1, home.newest_attempt(digest))
    problems: list[str] = []
    while True:
        try:
            journal = _open(home.journal(digest, attempt))
        except JournalBusyError:
            attempt += 1
            continue
        except TrackingError as error:
            problems.append(str(error))
            attempt += 1
            continue
        stages = picture_of(journal.earlier).stages
        if stage == TRAINING and stages.get(TRAINING) == "finished" and stages.keys() != {TRAINING}:
            journal.close()
            attempt += 1
            continue
        return Opened(journal, attempt, tuple(problems))


def _open(path: Path) -> Journal:
    """Open a journal; one that is only looked at by `sync` is free in a moment."""
    deadline = time.monotonic() + MOMENT
    while True:
        try:
            return Journal(path)
        except JournalBusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
