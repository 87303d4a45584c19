"""Opening MLflow's UI on the runs of a workspace."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from foldproof.tracking.address import address_of
from foldproof.tracking.store import Patience, environment, initialise
from foldproof.tracking.workspace import Home, main_workspace

HOST = "127.0.0.1"  # a UI without a password must not be seen from elsewhere
PATIENCE = Patience(seconds=10)


def serve(root: Path, port: int = 5000) -> int:
    """Serve the UI until it is interrupted; with a tracking server, only say where its UI is. Returns the exit code."""
    home = Home(main_workspace(root, os.environ))
    address = address_of(home.workspace, os.environ)
    if urlsplit(address.uri).scheme in ("http", "https"):
        print(f"the tracking server has a UI of its own: {address.shown}")
        return 0
    with environment(PATIENCE):
        initialise(address)
        print(f"MLflow's UI with the runs of {address.shown}: http://{HOST}:{port} (Ctrl-C ends it)", flush=True)
        command = [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            HOST,
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        # In the environment and not among the arguments, where other users could read a password.
        store = {"MLFLOW_BACKEND_STORE_URI": address.uri}
        if address.artifacts is not None:
            store["MLFLOW_DEFAULT_ARTIFACT_ROOT"] = address.artifacts.as_uri()
        return subprocess.run(command, cwd=home.folder, env=os.environ | store, check=False).returncode
