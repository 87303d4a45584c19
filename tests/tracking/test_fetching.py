"""A model that MLflow keeps under an alias becomes a folder to start from, or nothing is written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldproof.errors import DataError, TrackingError
from foldproof.model.exported import ExportedModel
from foldproof.tracking.address import Address
from foldproof.tracking.fetching import fetch
from foldproof.tracking.model_log import write
from foldproof.tracking.scribe import EXAMPLE
from foldproof.tracking.store import Store, environment
from tests.tracking.projects import dataset, export_model
from tests.tracking.stores import PATIENCE, Connect


@pytest.fixture
def registered(
    shared: tuple[Path, Store, Connect, Address], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """A workspace whose store has a model `digits@champion`, and the folder that it was made from."""
    workspace, store, _, address = shared
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address.uri)
    data = dataset("image")
    export_model(data, tmp_path / "exported")
    np.save(tmp_path / EXAMPLE, data.features[:2])
    client: Any = store.client
    with environment(PATIENCE):
        write(tmp_path / "exported", tmp_path / EXAMPLE, tmp_path / "logged")
        client.create_registered_model("digits")
        version = client.create_model_version("digits", (tmp_path / "logged").as_uri())
        client.set_registered_model_alias("digits", "champion", version.version)
    return workspace, tmp_path / "exported"


def test_it_brings_the_model_whole_and_refuses_what_it_cannot(registered: tuple[Path, Path], tmp_path: Path) -> None:
    workspace, exported = registered
    folder = tmp_path / "start" / "digits"
    told = fetch(workspace, "models:/digits@champion", folder)
    assert "model.start_from" in told
    assert sorted(path.name for path in folder.iterdir()) == ["members.safetensors", "model.json"]
    for file in folder.iterdir():
        assert file.read_bytes() == (exported / file.name).read_bytes()
    assert ExportedModel.load(folder).schema == dataset("image").schema
    with pytest.raises(DataError, match="is there already"):
        fetch(workspace, "models:/digits@champion", folder)
    with pytest.raises(TrackingError, match=r"models:/digits@nobody: cannot be fetched from sqlite"):
        fetch(workspace, "models:/digits@nobody", tmp_path / "other")
    with pytest.raises(TrackingError, match="legal: models:/NAME@ALIAS"):
        fetch(workspace, "digits", tmp_path / "other")
    assert not (tmp_path / "other").exists()
