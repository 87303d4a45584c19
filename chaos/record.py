"""What an MLflow store in an SQLite file holds of an experiment, read without MLflow."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

Points = dict[tuple[str, str, int], list[float]]  # (run, metric, step) to its values, one where all is well
_RUNS = """
    select run_uuid, name, status, lifecycle_stage from runs
    where experiment_id in (select experiment_id from experiments where name = ?)
"""


@dataclass(frozen=True)
class Record:
    """The runs of an experiment; a child is called by its name, a parent by an empty one."""

    parents: int = 0
    statuses: dict[str, str] = field(default_factory=dict)
    points: Points = field(default_factory=dict)
    models: int = 0


def record_of(database: Path, experiment: str = "foldproof") -> Record:
    """Read the record; empty where there is none yet."""
    if not database.exists():
        return Record()
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=30)) as store:
        if not store.execute("select 1 from sqlite_master where name = 'logged_models'").fetchone():
            return Record()
        children = {run for (run,) in store.execute("select run_uuid from tags where key = 'mlflow.parentRunId'")}
        names: dict[str, str] = {}
        statuses: dict[str, str] = {}
        for run, name, status, life in store.execute(_RUNS, (experiment,)):
            names[run] = name if run in children else ""
            statuses[names[run]] = status if life == "active" else f"{status}, {life}"
        points: Points = defaultdict(list)
        for run, key, step, value in store.execute("select run_uuid, key, step, value from metrics"):
            if run in names:
                points[names[run], key, step].append(value)
        models = store.execute(
            "select count(*) from logged_models where lifecycle_stage = 'active' and experiment_id in "
            "(select experiment_id from experiments where name = ?)",
            (experiment,),
        ).fetchone()[0]
    return Record(len([name for name in names.values() if not name]), statuses, dict(points), models)


def differences(found: Record, expected: Record) -> list[str]:
    """What a record lacks, has twice or has otherwise than it should, in words."""
    faults = []
    if found.parents != expected.parents:
        faults.append(f"{found.parents} parent runs, expected {expected.parents}")
    if found.statuses != expected.statuses:
        faults.append(f"runs {found.statuses}, expected {expected.statuses}")
    if found.models != expected.models:
        faults.append(f"{found.models} logged models, expected {expected.models}")
    missing = expected.points.keys() - found.points.keys()
    added = found.points.keys() - expected.points.keys()
    both = expected.points.keys() & found.points.keys()
    twice = [key for key in both if len(found.points[key]) != 1]
    other = [key for key in both if found.points[key] != expected.points[key]]
    for word, keys in (("missing", missing), ("unexpected", added), ("not once", twice), ("of other value", other)):
        if keys:
            faults.append(f"{len(keys)} points {word}, such as {min(keys)}")
    return faults
