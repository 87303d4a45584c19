"""Which MLflow store is told, and how its address may be shown: never with a password in it."""

import os
import re
import socket
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from foldproof.errors import TrackingError

EXPERIMENT = "foldproof"
_SECRET_VARIABLES = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
_SECRET_NAME = re.compile("(?i)SECRET|TOKEN|PASSWORD|KEY")
SHORTEST_SECRET = 8  # letters of a variable with such a name; shorter values are words that messages need
_SECRET_QUERY = re.compile(r"(?i)([?&][^=&#]*(?:password|passwd|pwd|token|secret|key)[^=&#]*=)[^&#]*")
_SQLITE = "sqlite:///"
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}


@dataclass(frozen=True)
class Address:
    """A tracking store: its URI, the experiment in it, and where the files go when we may choose (else None)."""

    uri: str = field(repr=False)  # may hold a password
    experiment: str
    artifacts: Path | None

    @property
    def database(self) -> Path | None:
        """The file of an SQLite store, None for any other."""
        if not self.uri.startswith(_SQLITE):
            return None
        return Path(unquote(self.uri.removeprefix(_SQLITE).partition("?")[0]))

    @property
    def shown(self) -> str:
        """The address for screens and files."""
        return shown(self.uri)

    def check(self, seconds: float) -> None:
        """Raise ConnectionError at once, or after `seconds`, where nothing would answer.

        MLflow itself would try for minutes before it says so.
        """
        parts = urlsplit(self.uri)
        port = parts.port or _PORTS.get(parts.scheme.partition("+")[0])
        if self.database is not None:
            _check_database(self.database, seconds)
        elif parts.hostname and port:
            try:
                socket.create_connection((parts.hostname, port), timeout=seconds).close()
            except OSError as error:
                raise ConnectionError(f"{self.shown}: {error.strerror or error}") from None


def address_of(workspace: Path, environ: Mapping[str, str]) -> Address:
    """`$MLFLOW_TRACKING_URI`, else an SQLite file in the main workspace; relative paths start from the main workspace.

    Raises:
        TrackingError: the URI names a plain folder, which this MLflow does not write any more.
    """
    experiment = environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    uri = environ.get("MLFLOW_TRACKING_URI") or sqlite_uri(Path("mlflow.db"), workspace)
    scheme = urlsplit(uri).scheme
    if scheme in ("", "file"):
        raise TrackingError(
            f"MLFLOW_TRACKING_URI: found {shown(uri)!r}, a folder, which MLflow no longer writes; "
            "legal: an http(s) address, a database URI such as sqlite:///mlflow.db, or unset"
        )
    if uri.startswith(_SQLITE) and not uri.startswith(_SQLITE + "/"):
        path, mark, query = uri.removeprefix(_SQLITE).partition("?")
        uri = sqlite_uri(Path(unquote(path)), workspace) + mark + query
    artifacts = workspace / "mlartifacts" if uri.startswith(_SQLITE) else None
    return Address(uri, experiment, artifacts)


def sqlite_uri(path: Path, base: Path) -> str:
    """The URI of an SQLite file; a relative `path` starts from `base`."""
    return _SQLITE + str(base / path).replace("%", "%25").replace("?", "%3F")


def shown(uri: str) -> str:
    """A URI without user, password, or secrets in its query."""
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return uri
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        authority = "***@" + authority.rpartition("@")[2]
    return _SECRET_QUERY.sub(r"\1***", f"{scheme}://{authority}{slash}{path}")


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """`text`, such as a library's error message, with every secret of the address and the environment blotted out."""
    uri = environ.get("MLFLOW_TRACKING_URI", "")
    parts = urlsplit(uri)
    found = {parts.password, parts.username if parts.scheme in ("http", "https") else None}
    found |= {environ.get(name) for name in _SECRET_VARIABLES}
    found |= {value for name, value in environ.items() if len(value) >= SHORTEST_SECRET and _SECRET_NAME.search(name)}
    found |= {match.group(0).partition("=")[2] for match in _SECRET_QUERY.finditer(uri)}
    clean = text.replace(uri, shown(uri)) if uri else text
    for secret in sorted((secret for secret in found if secret), key=len, reverse=True):
        for spelling in {secret, unquote(secret), quote(secret, safe="")}:
            clean = clean.replace(spelling, "***")
    return clean


def _check_database(file: Path, seconds: float) -> None:
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            if not os.access(file.parent, os.W_OK):
                raise PermissionError(f"{file.parent} is not writable")
            return
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=seconds)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except (OSError, sqlite3.Error) as error:
        raise ConnectionError(f"{file}: {error}") from None
