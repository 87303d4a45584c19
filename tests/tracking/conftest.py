"""A store that the mirror's tests share, and a clean environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foldproof.tracking.address import Address
from foldproof.tracking.store import Store, environment
from tests.tracking.stores import PATIENCE, Connect, forget_settings, open_store


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch)


@pytest.fixture(scope="session")
def mlflow_imported() -> None:
    """Import what warns of itself when it is imported, once, as our own code does."""
    with environment(PATIENCE):
        import mlflow.pyfunc
        import mlflow.store.tracking.sqlalchemy_store

        assert mlflow.pyfunc


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory, mlflow_imported: None) -> Path:  # noqa: ARG001
    """An SQLite file with MLflow's tables and nothing in them; making one takes seconds, copying none."""
    workspace = tmp_path_factory.mktemp("empty")
    with open_store(workspace) as (store, _, _):
        store.client.rename_experiment(store.experiment_id, "of the template")
    return workspace / "mlflow.db"


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[tuple[Path, Store, Connect, Address]]:
    """A workspace with an SQLite store, its path with a space, a letter beyond ASCII, and a percent sign."""
    workspace = tmp_path_factory.mktemp("store") / "my wörk 5%25"
    workspace.mkdir()
    (workspace / "mlflow.db").write_bytes(empty_store.read_bytes())
    with open_store(workspace) as (store, connect, address):
        yield workspace, store, connect, address
