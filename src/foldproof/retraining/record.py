"""Whether MLflow has the result, and where: asked first, so that a run which is whole there is left alone."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldproof.config import load_params
from foldproof.data.schema import Schema
from foldproof.errors import TrackingError
from foldproof.reproducibility import read_json
from foldproof.tracking import provenance, runs
from foldproof.tracking.address import Address, address_of, without_secrets
from foldproof.tracking.mirror import records_left
from foldproof.tracking.results import LEAVES
from foldproof.tracking.store import Patience, connect, environment
from foldproof.tracking.sync import sync
from foldproof.tracking.workspace import Home, main_workspace

PATIENCE = Patience(seconds=30)


@dataclass(frozen=True)
class Tracked:
    """What MLflow has of the workspace's result."""

    digest: str
    where: str  # fit to be shown; empty where it has nothing
    problem: str = ""  # why it does not have all


def bring_up_to_date(root: Path, *, anew: bool) -> Tracked:
    """Send what MLflow lacks; a server that is away is a problem told, and no failure.

    Args:
        root: the project's root, with the result in it.
        anew: whether the result was just made; else MLflow is asked first, and left alone where it has the run whole.
    """
    digest = digest_of(root)
    home = Home(main_workspace(root, os.environ))
    try:
        address = address_of(home.workspace, os.environ)
    except TrackingError as error:
        return Tracked(digest, "", str(error))
    attempt = max(1, home.newest_attempt(digest))
    journal = home.journal(digest, attempt)
    try:
        found = None if anew else _find(address, digest, attempt)
        if found is None or not _is_whole(found) or (journal.exists() and records_left(journal, address.shown)[0]):
            report = sync(root, verify=False)
            print(report, flush=True)
            found = _find(address, digest, attempt)
            if report.left:
                return Tracked(digest, _where(address, found), report.left[0].problem)
    except Exception as error:  # whatever MLflow, a database or a server raises: the next run sends what lacks
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return Tracked(digest, "", without_secrets(lines[0], os.environ)[:300])
    return Tracked(digest, _where(address, found))


def digest_of(root: Path) -> str:
    """The digest of the pipeline run that the workspace holds."""
    schema = Schema.from_dict(read_json(root / "data" / "prepared" / "schema.json"))
    return provenance.digest_of(load_params(root / "params.yaml"), schema.fingerprint, root)


def is_tracked_for_others() -> bool:
    """Whether the record goes to a place of its own, and not to a file of this workspace."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI"))


def _find(address: Address, digest: str, attempt: int) -> runs.KnownRun | None:
    with environment(PATIENCE):
        return runs.find_parent(connect(address, PATIENCE), digest, attempt)


def _is_whole(run: runs.KnownRun) -> bool:
    tags: dict[str, Any] = run.run.data.tags
    return all(tags.get(f"foldproof.stage.{stage}") == "finished" for stage in LEAVES)


def _where(address: Address, run: runs.KnownRun | None) -> str:
    if run is None:
        return ""
    if address.database is not None:
        place = f"{address.database.name}, a file of this workspace"
    elif address.uri.startswith("http"):
        place = f"{address.shown.rstrip('/')}/#/experiments/{run.run.info.experiment_id}/runs/{run.id}"
    else:
        place = address.shown
    return f"{place} (experiment {address.experiment}, run {run.run.info.run_name})"
