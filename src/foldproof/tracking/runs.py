"""Finding a run in MLflow by what it is, and creating it only where it is not there yet.

A run is known by tags, never by an id that was noted somewhere: whoever was killed, timed out or lost its notes finds
the same run again. What a run already holds is asked for once, so that no point is sent twice.
"""

from dataclasses import dataclass, field
from typing import Any

from foldproof.tracking.names import LONGEST_TAG, clipped
from foldproof.tracking.store import Store

DIGEST = "foldproof.digest"
ATTEMPT = "foldproof.attempt"
REPEAT = "foldproof.repeat"
FOLD = "foldproof.fold"
SEED = "foldproof.seed"
PARENT = "mlflow.parentRunId"
PAGE = 1000


@dataclass
class KnownRun:
    """A run in MLflow, and what it held when it was found."""

    client: Any
    run: Any  # mlflow.entities.Run
    status: str = ""
    model_id: str | None = None  # of the model logged for it
    _steps: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.status = self.status or str(self.run.info.status)

    @property
    def id(self) -> str:
        """MLflow's id of the run."""
        return str(self.run.info.run_id)

    @property
    def deleted(self) -> bool:
        """Whether someone deleted it in MLflow; then it stays so."""
        return bool(self.run.info.lifecycle_stage != "active")

    def holds(self, name: str, step: int) -> bool:
        """Whether the metric `name` has a point at `step` already; asks MLflow once a metric that it has at all."""
        if name not in self._steps:
            there = name in self.run.data.metrics
            history = self.client.get_metric_history(self.id, name) if there else []
            self._steps[name] = {point.step for point in history}
        return step in self._steps[name]

    def sent(self, name: str, step: int) -> None:
        """Remember a point that MLflow has taken."""
        self._steps.setdefault(name, set()).add(step)


def find_parent(store: Store, digest: str, attempt: int) -> KnownRun | None:
    """The run of the attempt at a digest; of several, which only a time-out can have left, the oldest is kept."""
    wanted = f"tags.`{DIGEST}` = '{digest}' and tags.`{ATTEMPT}` = '{attempt}'"
    found = _search(store, wanted, with_deleted=True)
    active = [run for run in found if run.info.lifecycle_stage == "active"]
    if not active:
        return KnownRun(store.client, found[0]) if found else None
    return KnownRun(store.client, _keep_oldest(store, active))


def find_children(store: Store, parent_id: str) -> dict[tuple[int, int] | None, KnownRun]:
    """The runs of the members, by (repeat, fold)."""
    groups: dict[tuple[int, int], list[Any]] = {}
    for run in _search(store, f"tags.`{PARENT}` = '{parent_id}'"):
        if REPEAT in run.data.tags and FOLD in run.data.tags:
            groups.setdefault((int(run.data.tags[REPEAT]), int(run.data.tags[FOLD])), []).append(run)
    return {key: KnownRun(store.client, _keep_oldest(store, runs)) for key, runs in groups.items()}


def find_all(store: Store) -> set[tuple[str, str]]:
    """Digest and attempt of every run that MLflow has, the deleted ones too."""
    runs = _search(store, f"tags.`{DIGEST}` != ''", with_deleted=True)
    return {(run.data.tags[DIGEST], run.data.tags.get(ATTEMPT, "1")) for run in runs}


def create(store: Store, name: str, start: int, tags: dict[str, str]) -> KnownRun:
    """A new run with the tags it will be found by, in one call."""
    short = {key: clipped(value, LONGEST_TAG) for key, value in tags.items()}
    run = store.client.create_run(store.experiment_id, start_time=start, tags=short, run_name=name)
    return KnownRun(store.client, run)


def _search(store: Store, wanted: str, *, with_deleted: bool = False) -> list[Any]:
    from mlflow.entities import ViewType

    view = ViewType.ALL if with_deleted else ViewType.ACTIVE_ONLY
    found: list[Any] = []
    token: str | None = None
    while True:
        page = store.client.search_runs([store.experiment_id], wanted, view, PAGE, ["attributes.start_time ASC"], token)
        found.extend(page)
        token = page.token
        if not token:
            return found


def _keep_oldest(store: Store, runs: list[Any]) -> Any:
    oldest, *others = sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))
    for run in others:
        store.client.delete_run(run.info.run_id)
    return oldest
