"""A record in an SQLite file that somebody has locked, or that two runs open at once while it does not exist yet."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from chaos.comparison import faults_of
from chaos.outages import failed
from chaos.record import record_of
from chaos.reference import Reference
from chaos.scoreboard import Scoreboard


def sqlite_outages(scratch: Path, reference: Reference, board: Scoreboard) -> None:
    """All of them, one after the other."""
    _locked_all_along(scratch, reference, board)
    _locked_in_the_middle(scratch, reference, board)
    _fresh_for_two(scratch, reference, board)


def _locked_all_along(scratch: Path, reference: Reference, board: Scoreboard) -> None:
    clone = reference.prepared.copy(scratch / "outage-sqlite-locked")
    with closing(sqlite3.connect(clone.folder / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        done = clone.until_end(clone.repro(), 0)
    board.add(["outage: SQLite locked"], clone.folder.name, [*failed(done), *faults_of(clone, reference)])


def _locked_in_the_middle(scratch: Path, reference: Reference, board: Scoreboard) -> None:
    clone = reference.prepared.copy(scratch / "outage-sqlite-locked-later")
    process = clone.repro()
    while process.poll() is None and not record_of(clone.folder / "mlflow.db").points:
        time.sleep(0.2)
    with closing(sqlite3.connect(clone.folder / "mlflow.db", isolation_level=None, timeout=60)) as other:
        other.execute("begin exclusive")
        done = clone.until_end(process, 0)
    board.add(["outage: SQLite locked later"], clone.folder.name, [*failed(done), *faults_of(clone, reference)])


def _fresh_for_two(scratch: Path, reference: Reference, board: Scoreboard) -> None:
    database = scratch / "shared by two.db"
    uri = f"sqlite:///{database}"
    names = ("first of two", "second of two")
    clones = [reference.prepared.copy(scratch / f"outage-{name.replace(' ', '-')}") for name in names]
    running = [
        clone.repro(MLFLOW_TRACKING_URI=uri, MLFLOW_EXPERIMENT_NAME=name)
        for clone, name in zip(clones, names, strict=True)
    ]
    done = [clone.until_end(process, 0) for clone, process in zip(clones, running, strict=True)]
    for clone, name, ended in zip(clones, names, done, strict=True):
        faults = faults_of(clone, reference, store=database, experiment=name, uri=uri)
        board.add(["outage: fresh SQLite for two"], clone.folder.name, [*failed(ended), *faults])
