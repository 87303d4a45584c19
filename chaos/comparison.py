"""Whether a clone that was disturbed is, in the end, what an undisturbed one is."""

import json
import sys
from pathlib import Path

from chaos.clone import Clone
from chaos.processes import await_end_of_all
from chaos.record import differences, record_of
from chaos.reference import Reference, files_of, hashes_of

LEFT_BEHIND = 30.0  # seconds that processes may need to end by themselves when all is done


def faults_of(
    clone: Clone, reference: Reference, *, store: Path | None = None, experiment: str = "foldproof", uri: str = ""
) -> list[str]:
    """All that differs, in words; empty when nothing was lost.

    Args:
        clone: after its last `dvc repro`.
        reference: what it should be.
        store: the SQLite file that MLflow keeps its record in (default: the clone's own).
        experiment: where in it.
        uri: what MLFLOW_TRACKING_URI is for `foldproof sync`, empty for unset.
    """
    faults = [f"process {left.pid} goes on: {left.command}" for left in await_end_of_all(clone.folder, LEFT_BEHIND)]
    faults += _unlike("dvc.lock", hashes_of(clone), reference.hashes)
    faults += _unlike("on disk", files_of(clone), reference.files)
    faults += _leftovers(clone)
    status = clone.run(sys.executable, "-m", "dvc", "status", "--json", "dvc.yaml")
    if status.code or json.loads(status.said.strip().splitlines()[-1]) != {}:
        faults.append(f"dvc status: {status.said.strip()}")
    variables = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_EXPERIMENT_NAME": experiment} if uri else {}
    done = clone.sync(**variables)
    if done.code or "are not in MLflow" in done.said or "are kept in .foldproof" in done.said:
        faults.append(f"foldproof sync: {done.said.strip()}")
    found = record_of(store or clone.folder / "mlflow.db", experiment)
    return faults + [f"MLflow: {fault}" for fault in differences(found, reference.record)]


def _unlike(where: str, found: dict[str, str], expected: dict[str, str]) -> list[str]:
    names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    return [f"{where}: {len(names)} differ: {', '.join(names[:5])}"] if names else []


def _leftovers(clone: Clone) -> list[str]:
    resume = clone.folder / ".foldproof" / "resume"
    states = [path for path in resume.rglob("*") if path.is_file()] if resume.exists() else []
    parts = [path for path in clone.folder.rglob("*.part") if ".git" not in path.parts and path not in states]
    return [f"left behind: {path.relative_to(clone.folder)}" for path in [*states, *parts]]
