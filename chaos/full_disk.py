"""A disk that fills up under a run: what was good stays good, and with room again the run goes on to the end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.clone import Clone, Done
from chaos.comparison import faults_of
from chaos.moments import RESUME
from chaos.processes import await_end_of_all
from chaos.reference import Reference
from chaos.scoreboard import Scoreboard
from chaos.small_disk import SmallDisk, small_disk

SAID_CLEARLY = ("No space left on device", "disk is full", "disk full")


@dataclass(frozen=True)
class Place:
    """What is on the small disk, and when that fills up."""

    name: str
    folder: str  # below the clone, or beside it
    megabytes: int
    full_when: Callable[[Clone], bool]
    must_succeed: bool = False  # a run that needs the place only for its record goes on without it
    both_engines: bool = False


def _from_the_start(_: Clone) -> bool:
    return True


def _at_the_second_checkpoint(clone: Clone) -> bool:
    return len(checkpoints(clone)) > 1


def _while_training(clone: Clone) -> bool:
    return any('"step": 2,' in file.read_text() for file in (clone.folder / ".foldproof/journal").glob("*.jsonl"))


PLACES = (
    Place("checkpoints", RESUME[0], 8, _at_the_second_checkpoint, both_engines=True),
    Place("DVC's cache", ".dvc/cache", 64, _from_the_start),
    Place("SQLite store", "../store", 16, _from_the_start, must_succeed=True),
    Place("journal", ".foldproof/journal", 8, _while_training, must_succeed=True),
    Place("whole workspace", ".", 256, _while_training, both_engines=True),
)


def checkpoints(clone: Clone) -> list[Path]:
    """The checkpoints that lie there under their names."""
    return sorted((clone.folder / RESUME[0]).rglob("*.safetensors"))


def full_disk(scratch: Path, references: Sequence[Reference], board: Scoreboard) -> None:
    """Each place once, or once with each engine; skipped, and said so, where mounting is not permitted."""
    for reference in references:
        for number, place in enumerate(PLACES):
            if place.both_engines or reference is references[0]:
                folder = scratch / f"full-{number}-{reference.engine}"
                clone = reference.prepared.copy(folder / "clone")
                try:
                    with small_disk((clone.folder / place.folder).resolve(), place.megabytes) as disk:
                        faults = _fill_and_free(clone, reference, place, disk)
                        board.add([f"full disk: {place.name}"], folder.name, faults)
                except PermissionError as error:
                    board.remark(f"full disk: {place.name} was skipped, no small disk can be mounted here ({error})")


def _fill_and_free(clone: Clone, reference: Reference, place: Place, disk: SmallDisk) -> list[str]:
    store = disk.folder / "mlflow.db" if place.folder == "../store" else None
    uri = f"sqlite:///{store}" if store else ""
    variables = {"MLFLOW_TRACKING_URI": uri} if store else {}
    process = clone.repro(**variables)
    while process.poll() is None and not place.full_when(clone):
        time.sleep(0.01)
    disk.fill()
    done = clone.until_end(process, 0)
    await_end_of_all(clone.folder, 30)
    faults = [*_judge(done, place), *_damaged(clone)]
    disk.free()
    again = clone.run("dvc", "repro", **variables)
    if again.code:
        return [*faults, f"with room again, dvc repro ended with {again.code}: {_tail(again)}"]
    return faults + faults_of(clone, reference, store=store, uri=uri)


def _judge(done: Done, place: Place) -> list[str]:
    if not done.code:
        return []
    if place.must_succeed:
        return [f"dvc repro ended with {done.code}: {_tail(done)}"]
    if not any(words in done.said for words in SAID_CLEARLY):
        return [f"the message does not name the full disk: {_tail(done)}"]
    return ["a traceback instead of a message"] if "Traceback" in done.said else []


def _damaged(clone: Clone) -> list[str]:
    """Checkpoints that cannot be read."""
    from safetensors import SafetensorError, safe_open

    faults = []
    for file in checkpoints(clone):
        try:
            with safe_open(file, "numpy") as tensors:
                for name in tensors.keys():  # noqa: SIM118 - it is not a dict
                    tensors.get_tensor(name)
        except (OSError, SafetensorError) as error:
            faults.append(f"damaged checkpoint {file.name}: {error}")
    return faults


def _tail(done: Done) -> str:
    return " / ".join(done.said.strip().splitlines()[-4:])
