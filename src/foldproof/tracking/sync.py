"""Brings MLflow up to date: what the workspace holds is in a journal, and every journal is in MLflow.

A stage that DVC restored from its cache ran no code, so nothing recorded it; and a server may have been down.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from foldproof.errors import TrackingError
from foldproof.tracking import journal, runs
from foldproof.tracking.address import Address, address_of
from foldproof.tracking.background import Connector, close_abandoned, note_problem
from foldproof.tracking.journal import Journal, JournalBusyError
from foldproof.tracking.mirror import Mirror, MirrorBusyError, records_left, sole
from foldproof.tracking.picture import picture_of
from foldproof.tracking.restoring import record_workspace
from foldproof.tracking.store import Patience, environment
from foldproof.tracking.workspace import Home, files_of, main_workspace

PATIENCE = Patience(seconds=30)


@dataclass(frozen=True)
class Left:
    """A journal that MLflow does not have in full."""

    journal: Path
    records: int
    problem: str


@dataclass(frozen=True)
class SyncReport:
    """What a sync did."""

    address: str  # of the store, fit to be shown
    restored: tuple[str, ...]  # stages of the workspace that no journal knew
    sent: tuple[Path, ...]  # journals that MLflow lacked something of and now has in full
    left: tuple[Left, ...]
    notes: tuple[str, ...]  # why something was passed over

    @property
    def complete(self) -> bool:
        """Whether MLflow has everything."""
        return not self.left

    def __str__(self) -> str:
        lines = [f"tracking: {stage} was restored from DVC's cache and is now recorded" for stage in self.restored]
        lines += [f"tracking: {note}" for note in self.notes]
        if self.sent:
            lines.append(f"tracking: {_runs(len(self.sent))} sent to {self.address}")
        lines += [f"tracking: {left.problem}" for left in self.left if not left.records]
        for left in [left for left in self.left if left.records]:
            lines.append(f"tracking: {left.journal.name}: {left.records} records are not in MLflow: {left.problem}")
        if self.left:
            lines.append("tracking: they are kept in .foldproof; `foldproof sync` sends them")
        return "\n".join(lines) or f"tracking: MLflow has everything ({self.address})"


def sync(root: Path | None = None, *, verify: bool = True) -> SyncReport:
    """Record what the workspace at `root` (default: here) holds, and send every journal that MLflow lacks something of.

    Never raises because a server is down: the report says what is left.

    Args:
        root: a folder with `params.yaml` and `dvc.yaml`.
        verify: ask MLflow for runs that were sent before, too, and send them again where they are gone; without it,
            nothing is asked, and mlflow is not even imported, when every journal was sent.
    """
    here = (root or Path.cwd()).resolve()
    home = Home(main_workspace(here, os.environ))
    restored, notes = record_workspace(here, home)
    pending, left = _journals(home)
    try:
        address = address_of(home.workspace, os.environ)
    except TrackingError as error:
        left += [Left(path, records_left(path)[0], str(error)) for path in pending]
        return SyncReport("", restored, (), tuple(left), notes)
    sent: list[Path] = []
    if pending and (verify or not all(_was_sent(path, address) for path in pending)):
        with environment(PATIENCE):
            _send_all(home, address, pending, sent, left)
    return SyncReport(address.shown, restored, tuple(sent), tuple(left), notes)


def _runs(count: int) -> str:
    return "1 run was" if count == 1 else f"{count} runs were"


def _journals(home: Home) -> tuple[list[Path], list[Left]]:
    """The journals with something in them, their dead stages noted as such; and those that cannot be read."""
    whole: list[Path] = []
    damaged: list[Left] = []
    for path in home.journals():
        try:
            close_abandoned(path)
            if records_left(path)[1]:
                whole.append(path)
        except TrackingError as error:
            damaged.append(Left(path, 0, str(error)))
    return whole, damaged


def _was_sent(path: Path, address: Address) -> bool:
    return records_left(path, address.shown)[0] == 0


def _send_all(home: Home, address: Address, paths: list[Path], sent: list[Path], left: list[Left]) -> None:
    connector = Connector(home.workspace, os.environ, PATIENCE)
    there: dict[str, set[tuple[str, str]]] = {}  # experiment to the digests and attempts that it has
    unreachable = ""
    for path in paths:
        try:
            if unreachable:
                raise ConnectionError(unreachable)
            opening = picture_of(journal.read(path)[0]).opening
            experiment = opening["experiment"]
            if experiment not in there:
                there[experiment] = runs.find_all(connector(experiment)[0])
            if not _was_sent(path, address) or (opening["digest"], str(opening["attempt"])) not in there[experiment]:
                with sole(path):
                    Mirror(path, connector).advance()
                sent.append(path)
            _let_go_of_files(path)
        except MirrorBusyError:
            left.append(Left(path, records_left(path, address.shown)[0], "a running stage is sending it"))
        except Exception as error:  # whatever MLflow, a database or a server raises: the journal keeps the entries
            left.append(Left(path, records_left(path, address.shown)[0], note_problem(path, error)))
            unreachable = unreachable or _unreachable(address)


def _unreachable(address: Address) -> str:
    try:
        address.check(3.0)
    except ConnectionError as error:
        return str(error)
    return ""


def _let_go_of_files(path: Path) -> None:
    """Delete the copies of files that have arrived, where no stage is adding to them."""
    try:
        with Journal(path):
            if records_left(path)[0] == 0:
                shutil.rmtree(files_of(path), ignore_errors=True)
    except JournalBusyError:
        return
