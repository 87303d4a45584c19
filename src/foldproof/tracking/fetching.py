"""A model of MLflow's as a folder: what `model.start_from` names must not be another model tomorrow.

An alias moves; the folder does not, its content is hashed by DVC, and fetching it again retrains what began with it.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from foldproof.errors import DataError, TrackingError
from foldproof.model.start_source import RECORD, WEIGHTS
from foldproof.reproducibility import write_whole
from foldproof.tracking.address import address_of, without_secrets
from foldproof.tracking.store import Patience, environment
from foldproof.tracking.workspace import main_workspace

PATIENCE = Patience(30.0)  # seconds
REMOTE = "models:/"


def fetch(root: Path, model: str, folder: Path) -> str:
    """Copy record and weights of `model`, such as `models:/digits@champion`, into a new `folder`; says what to do next.

    Raises TrackingError where MLflow has no such model, DataError where it is none of foldproof's or the folder exists.
    """
    if not model.startswith(REMOTE):
        raise TrackingError(f"found {model!r}, legal: {REMOTE}NAME@ALIAS, {REMOTE}NAME/VERSION or {REMOTE}ID")
    if folder.exists():
        raise DataError(f"{folder}: is there already, legal: a new folder; remove it first to fetch it anew")
    with TemporaryDirectory() as scratch, environment(PATIENCE):
        found = _exported(_downloaded(root, model, Path(scratch)))
        if found is None:
            raise DataError(f"{model}: not a model of foldproof's, which has {RECORD} and {WEIGHTS}")
        for name in (WEIGHTS, RECORD):  # without its record it is no model yet
            write_whole(folder / name, (found / name).read_bytes())
    return (
        f"{model} is now in {folder}; name it in params.yaml as model.start_from, and track it: `dvc add {folder}`, or "
        "git where it is small"
    )


def _downloaded(root: Path, model: str, scratch: Path) -> Path:
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    address = address_of(main_workspace(root, os.environ), os.environ)
    try:
        address.check(PATIENCE.seconds)
        return Path(download_artifacts(artifact_uri=model, dst_path=str(scratch), tracking_uri=address.uri))
    except (MlflowException, ConnectionError, OSError) as error:
        told = without_secrets(str(error), os.environ).splitlines()[0]
        raise TrackingError(f"{model}: cannot be fetched from {address.shown}: {told}") from None


def _exported(folder: Path) -> Path | None:
    """Where below a folder an exported model lies."""
    return next((file.parent for file in sorted(folder.rglob(WEIGHTS)) if (file.parent / RECORD).exists()), None)
