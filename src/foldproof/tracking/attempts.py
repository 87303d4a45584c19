"""Which journal a stage writes: a run is a digest and an attempt at it."""

import time
from dataclasses import dataclass
from pathlib import Path

from foldproof.errors import TrackingError
from foldproof.tracking.journal import Journal, JournalBusyError
from foldproof.tracking.picture import TRAINING, picture_of
from foldproof.tracking.workspace import Home

MOMENT = 0.5  # seconds


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

    Stages continue the newest attempt. Training begins another one where that attempt has been trained already (a
    forced repeat), and any stage does where another process is writing it, or where it is damaged.
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
        trained = picture_of(journal.earlier).stages.get(TRAINING) == "finished"
        if stage == TRAINING and trained:
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
            time.sleep(MOMENT / 20)
