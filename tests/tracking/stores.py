"""SQLite stores for tests, journals with a whole run in them, and what MLflow then holds, as plain values."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foldproof.tracking.address import Address, address_of
from foldproof.tracking.curves import Curves
from foldproof.tracking.journal import Journal
from foldproof.tracking.mirror import Mirror, sole
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.store import Patience, Store, connect, environment
from foldproof.tracking.workspace import Home
from tests.tracking.projects import MEMBERS, chosen, dataset, tell_fit

PATIENCE = Patience(seconds=20)
Connect = Callable[[str], tuple[Store, str]]


@contextmanager
def open_store(
    workspace: Path, uri: str | None = None, experiment: str = "foldproof"
) -> Iterator[tuple[Store, Connect, Address]]:
    """The store of a workspace: MLflow's SQLite file in it, or the one at `uri`."""
    environ = {"MLFLOW_EXPERIMENT_NAME": experiment}
    address = address_of(workspace, environ | ({"MLFLOW_TRACKING_URI": uri} if uri else {}))
    with environment(PATIENCE):
        store = connect(address, PATIENCE)
        yield store, lambda _: (store, address.shown), address


def write_run(workspace: Path, digest: str = "d1" * 32, attempt: int = 1, *, finished: bool = True) -> Path:
    """A journal that tells of a fit of two members, a figure, and a file."""
    path = Home(workspace).journal(digest, attempt)
    with Journal(path) as journal:
        scribe = Scribe(journal)
        params, schema = chosen(), dataset("image").schema
        scribe.open(digest, attempt, "a run", "foldproof", params, {"some.tag": "x"}, {"torch": "1.2.3"})
        scribe.input(schema)
        scribe.stage("train", "started")
        curves = Curves(scribe.metrics)
        tell_fit(curves.take)
        curves.close()
        scribe.metrics({"accuracy": 0.9, "precision@5 (ü)": 0.7})
        scribe.metrics({"accuracy": 0.8}, MEMBERS[1])
        scribe.text("a note.txt", "hello", "notes")
        if finished:
            scribe.stage("train", "finished")
    return path


def send(path: Path, connector: Connect) -> None:
    with sole(path):
        Mirror(path, connector).advance()


@dataclass(frozen=True)
class Held:
    """A run as MLflow holds it."""

    name: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    points: dict[str, list[tuple[int, float]]]  # sorted by step
    files: list[str]
    datasets: list[tuple[str, str]]
    children: dict[str, "Held"] = field(default_factory=dict)


def held(store: Store, digest: str = "d1" * 32, attempt: int = 1) -> Held:
    """The one active run of an attempt at a digest."""
    wanted = f"tags.`foldproof.digest` = '{digest}' and tags.`foldproof.attempt` = '{attempt}'"
    (run,) = store.client.search_runs([store.experiment_id], wanted)
    children = store.client.search_runs([store.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    names = [child.info.run_name for child in children]
    assert len(names) == len(set(names)), names
    return _held(store, run, {child.info.run_name: _held(store, child, {}) for child in children})


def _held(store: Store, run: Any, children: dict[str, Held]) -> Held:
    histories = {name: store.client.get_metric_history(run.info.run_id, name) for name in run.data.metrics}
    return Held(
        run.info.run_name,
        run.info.status,
        dict(run.data.params),
        dict(run.data.tags),
        {name: sorted((point.step, point.value) for point in points) for name, points in histories.items()},
        sorted(_files(store, run.info.run_id, "")),
        [(entry.dataset.name, entry.dataset.digest) for entry in run.inputs.dataset_inputs],
        children,
    )


def _files(store: Store, run_id: str, folder: str) -> Iterator[str]:
    for entry in store.client.list_artifacts(run_id, folder or None):
        if entry.is_dir:
            yield from _files(store, run_id, entry.path)
        else:
            yield entry.path


def forget_settings(monkeypatch: Any) -> None:
    """What the user's environment says of MLflow and DVC is not for these tests."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "DVC_", "FOLDPROOF_")):
            monkeypatch.delenv(name)
