"""DVC's remote, which holds what dvc.lock names: fetched as far as it is there, and all of it there before a commit.

`dvc push` takes a folder of which the remote has the listing for whole, and leaves out the files that a stage writes
and git keeps, without which an earlier run cannot be restored. So every object is asked for by its own name.
"""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from foldproof.errors import FoldproofError
from foldproof.retraining.programs import complaint, dvc
from foldproof.retraining.staleness import Status

_PORTS = {"http": 80, "https": 443}
PATIENCE = 10.0  # seconds for a server to answer
NOT_THERE = "[Errno 2]"  # how DVC says that an object lacks, whatever kind of storage it is
ADVICE = (
    "is the storage up, are its credentials in the environment, and is its plugin installed (such as dvc[s3])? "
    "docs/retraining.md tells what a DVC remote needs"
)


@dataclass(frozen=True)
class DataRemote:
    """The default DVC remote of the project at `root`."""

    root: Path
    name: str
    url: str  # may hold a password: never shown

    @classmethod
    def configured(cls, root: Path) -> "DataRemote | None":
        """The default remote, None where none is configured at all."""
        from dvc.repo import Repo

        with Repo(str(root)) as repo:
            known, name = repo.config["remote"], repo.config["core"].get("remote")
            if not known:
                return None
            if name is None:
                raise FoldproofError(
                    f"DVC has the remotes {', '.join(known)} and no default; `dvc remote default NAME` names it"
                )
            settings = known[name]
        if settings.get("version_aware") or settings.get("worktree"):
            raise FoldproofError(
                f"DVC remote {name!r} is version_aware, which changes dvc.lock when it is pushed to; legal here: a "
                f"plain one (`dvc remote modify {name} version_aware false`)"
            )
        return cls(root, name, settings["url"])

    def fetch(self) -> bool:
        """Bring what the remote has into the cache; returns False where a folder there has lost some of its files.

        What the remote lacks will be made again, so that it is no failure.
        """
        self._refuse_silence()
        code, _, told = dvc(self.root, "fetch")
        failed = re.findall(r"failed to transfer '[^']*' - (.*)", told)
        if code and not (failed and all(why.startswith(NOT_THERE) for why in failed)):
            raise FoldproofError(f"DVC remote {self.name!r} cannot be reached or refuses: {complaint(told)}", ADVICE)
        return code == 0

    def push(self) -> None:
        """Bring what the workspace names to the remote, and make sure that all of it is there."""
        code, _, told = dvc(self.root, "push", "--run-cache")
        if code:
            raise FoldproofError(f"DVC remote {self.name!r}: {complaint(told)}", ADVICE)
        lacking = self._push_singly()
        if lacking:
            raise FoldproofError(
                f"DVC remote {self.name!r} lacks {len(lacking)} objects after the push, such as {lacking[0]}", ADVICE
            )

    def _refuse_silence(self) -> None:
        """DVC takes an HTTP server that does not answer for an empty remote."""
        parts = urlsplit(self.url)
        if parts.hostname and parts.scheme in _PORTS:
            try:
                socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), PATIENCE).close()
            except OSError as error:
                raise FoldproofError(
                    f"DVC remote {self.name!r} cannot be reached: {error.strerror or error}", ADVICE
                ) from None

    def _push_singly(self) -> list[str]:
        """Send the objects that the remote lacks, each by its name; returns what it lacks all the same."""
        from dvc.repo import Repo

        left: list[str] = []
        with Repo(str(self.root)) as repo:
            cached = _by_kind(found for objects in repo.used_objs(push=True).values() for found in objects)
            outs = [out for stage in repo.index.stages for out in stage.outs if not out.use_cache]
            in_git = _by_kind(out.hash_info for out in outs if out.hash_info)
            for kind in cached.keys() | in_git.keys():
                must, may = cached.get(kind, set()), in_git.get(kind, set())
                there = repo.cloud.get_remote_odb(self.name, "push", hash_name=kind)
                here = repo.cache.local if kind == "md5" else repo.cache.legacy
                sendable = [name for name in _lacking(there, must | may) if here.exists(name)]
                if sendable:
                    there.add([here.oid_to_path(name) for name in sendable], here.fs, sendable)
                left += _lacking(there, must)
        return left


def check_out(root: Path) -> Status:
    """Put into the workspace what the cache has and the workspace lacks; what is there is left as it is."""
    status = Status.of(root)
    lacking = status.outs("deleted")
    if lacking:
        code, _, told = dvc(root, "checkout", "--allow-missing", *lacking)
        if code:
            raise FoldproofError(f"dvc checkout: {complaint(told)}")
        status = Status.of(root)
    if status.data:
        raise FoldproofError(
            *(f"{path}: {_STATES.get(state, state)}" for path, state in status.data.items()),
        )
    return status


_STATES = {
    "modified": "is not what its .dvc file says; `dvc add` it, `dvc push`, and commit the .dvc file",
    "new": "is not what its .dvc file says; `dvc add` it, `dvc push`, and commit the .dvc file",
    "deleted": "is in DVC's cache and could not be put into the workspace",
    "not in cache": "is on no DVC remote that is known here; `dvc push` where it was added",
}


def _by_kind(hashes: Iterable[Any]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for found in hashes:
        kinds.setdefault(found.name, set()).add(found.value)
    return kinds


def _lacking(storage: Any, names: set[str]) -> list[str]:
    return sorted(names - set(storage.oids_exist(sorted(names)))) if names else []
