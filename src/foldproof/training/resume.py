"""Going on after a death: the fits of a training leave checkpoints in folders that its digest names.

`<root>/<digest>/population-<n>/` holds the events so far and the last two checkpoints of a population. The digest is of
all that shapes the training, so that a changed param can never continue the wrong state.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

from foldproof.data.schema import Schema
from foldproof.data.splits import Split
from foldproof.data.statistics import Statistics
from foldproof.reproducibility import canonical_json, environment, sha256, sha256_of_tree, write_whole
from foldproof.training.checkpoints import Checkpoint, CheckpointFolder
from foldproof.training.event_log import EventLog, checksum_of, read_events
from foldproof.training.events import Event
from foldproof.training.plan import Plan
from foldproof.unfinished import in_use, last_use, remove

KEPT_TRAININGS = 3  # unfinished ones, and whatever is in use; those longest unused go first
_PACKAGE = Path(__file__).resolve().parents[1]
_ROOMS = ("config", "data", "metrics", "model", "training", "randomness.py", "reproducibility.py")


class Resume:
    """The folder of unfinished trainings of a workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._used: Path | None = None

    def folder(self, digest: str) -> Path:
        """The folder of the training with this digest, made if need be; of three and more the longest unused go."""
        self._used = self.root / digest[:32]
        self._used.mkdir(parents=True, exist_ok=True)
        self._used.touch()
        others = sorted((path for path in self.root.iterdir() if path != self._used), key=last_use, reverse=True)
        for path in others[KEPT_TRAININGS - 1 :]:
            remove(path)
        return self._used

    def mark_finished(self, owner: str) -> None:
        """Note that all that came of this training is written, by `owner`, who will clear it away when recorded."""
        if self._used is not None:
            try:
                write_whole(self._used / "finished", owner)
            except OSError:  # a full disk: what came of the training counts, not how to go on with it
                remove(self._used)


def digest_of_training(
    schema: Schema, split: Split, statistics: Statistics, sections: Sequence[BaseModel], plan: Plan, given: str = ""
) -> str:
    """SHA-256 of all that shapes a training: data, split, statistics, sections, plan, environment, code.

    `given` is the hash of what else the user gave: a network of their own, weights to start from.
    """
    members = [(member.seed, member.repeat, member.fold) for member in split.members]
    facts: list[Any] = [
        schema.to_dict(),
        statistics.preprocessing.to_dict(),
        members,
        plan.to_dict(),
        environment(),
        torch.get_num_interop_threads(),
    ]
    facts += [section.model_dump(mode="json") for section in sections]
    arrays = [array.tobytes() for _, array in sorted(statistics.learnt.items())]
    code = sha256_of_tree([_PACKAGE / room for room in _ROOMS], _PACKAGE)
    return sha256(canonical_json(facts).encode(), split.roles.tobytes(), *arrays, code.encode(), given.encode())


class Trail:
    """What one population's fit leaves behind as it goes, and finds when it is started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checkpoints = CheckpointFolder(folder)
        self.found = self._checkpoints.newest(self._has_its_events)
        self._checkpoints.forget_after(self.found.epochs if self.found else 0)
        self._log = EventLog(events_path(folder), self.found.facts["events"] if self.found else 0)
        self._complained = False

    def past_events(self) -> list[Event]:
        """The events up to the checkpoint that was found."""
        return [event for event, _ in read_events(events_path(self._folder), end=self._log.length)]

    def take(self, event: Event) -> None:
        """Note an event, to be kept with the next checkpoint."""
        self._log(event)

    def save(self, epochs: int, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Keep the state after so many epochs; a full disk is told once, and training goes on."""
        try:
            log = {"events": self._log.flush(), "events_checksum": self._log.checksum}
            self._checkpoints.save(Checkpoint(epochs, tensors, facts | log))
        except OSError as error:
            if not self._complained:
                print(f"foldproof: no checkpoint could be written ({error}); training goes on, the last one is kept")
            self._complained = True

    def _has_its_events(self, checkpoint: Checkpoint) -> bool:
        """Whether the log begins with what had been told at the checkpoint."""
        wanted: str = checkpoint.facts["events_checksum"]
        return checksum_of(events_path(self._folder), checkpoint.facts["events"]) == wanted


def events_path(folder: Path) -> Path:
    """Where the events of a population lie."""
    return folder / "events.jsonl"


@contextmanager
def trail_of(folder: Path | None) -> Iterator[Trail | None]:
    """The trail in a folder, for one process at a time: another waits until the first has ended; None for none."""
    if folder is None:
        yield None
        return
    with in_use(folder, fcntl.LOCK_EX):
        yield Trail(folder)
