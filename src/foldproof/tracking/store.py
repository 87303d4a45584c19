"""Opening the MLflow store: initialised once under a lock, with its experiment, in bounded time, without telemetry."""

import fcntl
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from foldproof.errors import TrackingError
from foldproof.tracking.address import Address, sqlite_uri

# MLflow takes only "true" for DO_NOT_TRACK; other tools take either.
TELEMETRY_OFF = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "DVC_NO_ANALYTICS": "1"}


@dataclass(frozen=True)
class Patience:
    """How long to try before giving up."""

    seconds: float  # for one request


@dataclass(frozen=True)
class Store:
    """An open store: MLflow's client and the experiment that runs go to."""

    client: Any  # mlflow.MlflowClient
    experiment_id: str


@contextmanager
def environment(patience: Patience) -> Iterator[None]:
    """MLflow's settings for our calls, and silence, put back afterwards."""
    wanted = TELEMETRY_OFF | {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, round(patience.seconds))),
        # We ask again ourselves, after looking at what has arrived.
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
        "MLFLOW_UV_AUTO_DETECT": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # What MLflow says of its own type hints, and its use of what SQLAlchemy will remove, is not for our
            # users to act on.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")
            yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def initialise(address: Address) -> None:
    """Create the SQLite store where it is missing; other stores are whole already."""
    with _alone(address):
        _create_tables(address)


def connect(address: Address, patience: Patience, experiment: str | None = None) -> Store:
    """Open the store and find, or create, the experiment (default: the address's own).

    Call it within `environment`.

    Raises:
        ConnectionError: nothing answers.
        TrackingError: the experiment was deleted in MLflow.
    """
    name = experiment or address.experiment
    with _alone(address):
        address.check(min(patience.seconds, 3.0))
        _create_tables(address)
        from mlflow import MlflowClient

        client = MlflowClient(address.uri)
        found = client.get_experiment_by_name(name) or _new_experiment(client, name, address)
    if found.lifecycle_stage != "active":
        raise TrackingError(
            f"experiment {name!r} was deleted in MLflow: restore it there "
            f"(`mlflow experiments restore -x {found.experiment_id}`), or name another in MLFLOW_EXPERIMENT_NAME"
        )
    return Store(client, str(found.experiment_id))


def _create_tables(address: Address) -> None:
    database = address.database
    if database is None:
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    database.parent.mkdir(parents=True, exist_ok=True)
    if not database.exists():
        _create_whole(database, address)
    # Through MLflow's client, the default experiment would be given ./mlruns of whoever comes first.
    SqlAlchemyStore(address.uri, str(address.artifacts))


def _create_whole(database: Path, address: Address) -> None:
    """Make the file beside and give it its name when it is whole.

    MLflow makes its tables in some fifty steps, and a file that was left between two of them is of no use ever after.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    beside = database.with_name(f"{database.name}.part")
    try:
        beside.unlink(missing_ok=True)  # of one who was killed
        SqlAlchemyStore(sqlite_uri(beside, beside.parent), str(address.artifacts)).engine.dispose()
        with beside.open("rb+") as stream:
            os.fsync(stream.fileno())
        try:
            os.link(beside, database)
        except FileExistsError:
            return  # somebody else's server was first
        except OSError:  # a file system without hard links
            beside.replace(database)
    finally:
        beside.unlink(missing_ok=True)


def _new_experiment(client: Any, name: str, address: Address) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        client.create_experiment(name, _artifact_location(address, name))
    except MlflowException:
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return found  # someone else was first
    return client.get_experiment_by_name(name)


def _artifact_location(address: Address, name: str) -> str | None:
    """A folder of the main workspace for an SQLite store; a server chooses for itself."""
    if address.artifacts is None:
        return None
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "_"
    folder = plain if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"
    return (address.artifacts / folder).as_uri()


@contextmanager
def _alone(address: Address) -> Iterator[None]:
    """Be the only one, of all workspaces, to open an SQLite store: two who create its tables at once would collide."""
    database = address.database
    if database is None:
        yield
        return
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock = database.with_name(f"{database.name}.lock").open("w")
    except OSError as error:
        raise ConnectionError(f"{database}: {error}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
