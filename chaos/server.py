"""A real MLflow server on 127.0.0.1, its record in an SQLite file, that can be killed, frozen and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

UP_WITHIN = 90.0  # seconds


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server at one port and folder, whether it runs or not."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def uri(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """The file that it keeps its record in."""
        return self.folder / "mlflow.db"

    def start(self, *, wait: bool = True, hosts: str = "") -> None:
        """Start it; `hosts` are the names that it answers to (default: those of this machine)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{self.database}"]
        command += ["--artifacts-destination", str(self.folder / "files")]
        command += ["--allowed-hosts", hosts] if hosts else []
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        with (self.folder / "server.log").open("ab") as said:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")} | quiet,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        if wait:
            self.await_up()

    def await_up(self) -> None:
        """Wait until it answers, be it with a refusal."""
        deadline = time.monotonic() + UP_WITHIN
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.uri}/health", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError(f"{self.uri} did not come up, see {self.folder / 'server.log'}")

    def send(self, number: int) -> None:
        """Send a signal to all its processes."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def freeze(self) -> None:
        """It takes connections and answers nothing from now on."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it stood."""
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
            self.process = None
