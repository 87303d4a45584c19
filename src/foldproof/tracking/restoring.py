"""Opening a run in its journal, and recording stages that DVC restored from its cache, so that no code of ours ran."""

import json
import os
import subprocess
import sys
from pathlib import Path

from foldproof.config import Params, load_params
from foldproof.data.schema import Schema
from foldproof.errors import FoldproofError, TrackingError
from foldproof.reproducibility import canonical_json, environment, read_json
from foldproof.tracking import journal, provenance
from foldproof.tracking.address import EXPERIMENT
from foldproof.tracking.attempts import open_journal
from foldproof.tracking.journal import being_written
from foldproof.tracking.picture import TRAINING, picture_of
from foldproof.tracking.results import LEAVES, record_curves, record_outputs
from foldproof.tracking.scribe import Scribe
from foldproof.tracking.store import TELEMETRY_OFF
from foldproof.tracking.workspace import Home


def describe_run(scribe: Scribe, params: Params, schema: Schema, root: Path, digest: str, attempt: int) -> None:
    """The first entries of a run: params, data, where it comes from, what it runs on."""
    facts = environment()
    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    tags = provenance.tags_of(root, os.environ)
    name = tags.get("foldproof.dvc_experiment") or f"{schema.name} {params.model.name} {params.train.optimizer.name}"
    scribe.open(digest, attempt, name if attempt == 1 else f"{name} ({attempt})", experiment, params, tags, facts)
    scribe.input(schema)
    file = root / "params.yaml"
    if file.exists():
        scribe.artifact(file)
    else:
        scribe.text("params.json", canonical_json(params.flat()))
    scribe.text("environment.json", canonical_json(facts))


def restore(scribe: Scribe, root: Path, stage: str, seed: int) -> None:
    """Record what a stage left in the workspace, where DVC took its outputs from the cache and no code ran."""
    scribe.stage(stage, "started")
    if stage == TRAINING:
        record_curves(scribe, root, seed)
    record_outputs(scribe, root, stage, seed)
    scribe.tags({f"foldproof.restored.{stage}": "true"})
    scribe.stage(stage, "finished", "restored from DVC's cache")


def record_workspace(root: Path, home: Home) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Record what stages left in the workspace and no journal knows: the stages so recorded, and notes.

    A stage counts only where DVC says that its outputs belong to the params and code as they are now.
    """
    if not (root / "dvc.yaml").exists() or not (root / LEAVES[TRAINING]).exists():
        return (), ()
    try:
        params = load_params(root / "params.yaml")
        schema = Schema.from_dict(read_json(root / "data" / "prepared" / "schema.json"))
    except (FoldproofError, OSError, ValueError) as error:
        return (), (f"the workspace's results were passed over: {error}",)
    digest = provenance.digest_of(params, schema.fingerprint, root)
    try:
        missing = _missing(home, digest, root)
    except TrackingError as error:
        return (), (f"the workspace's results were passed over: {error}",)
    if not missing:
        return (), ()
    fresh, problem = _fresh_stages(root)
    stages = [stage for stage in missing if stage in fresh]
    notes = [
        f"{stage}: its outputs are not those of the present params and code; `dvc repro` makes them so"
        for stage in missing
        if stage not in fresh and not problem
    ]
    if stages:
        opened = open_journal(home, digest, "sync")
        with opened.journal:
            scribe = Scribe(opened.journal)
            if opened.is_new:
                describe_run(scribe, params, schema, root, digest, opened.attempt)
            for stage in stages:
                restore(scribe, root, stage, params.seed)
    return tuple(stages), (*notes, *([problem] if problem else []))


def _missing(home: Home, digest: str, root: Path) -> list[str]:
    """Stages with outputs in the workspace that the newest journal of the digest does not tell the end of."""
    newest = home.newest_attempt(digest)
    path = home.journal(digest, newest)
    if newest and being_written(path):
        return []
    stages = picture_of(journal.read(path)[0]).stages if newest else {}
    return [stage for stage, file in LEAVES.items() if stages.get(stage) != "finished" and (root / file).exists()]


def _fresh_stages(root: Path) -> tuple[set[str], str]:
    """The stages whose outputs belong to the params and code as they are, by DVC's word; and why DVC gave none."""
    for index, stage in reversed(list(enumerate(LEAVES))):
        command = [sys.executable, "-m", "dvc", "status", "--json", "--with-deps", stage]
        answer = subprocess.run(
            command, cwd=root, env=os.environ | TELEMETRY_OFF, capture_output=True, text=True, check=False
        )
        if answer.returncode:
            lines = answer.stderr.strip().splitlines() or ["no answer"]
            return set(), f"the workspace's results were passed over: dvc status: {lines[0]}"
        if json.loads(answer.stdout or "{}") == {}:
            return set(list(LEAVES)[: index + 1]), ""
    return set(), ""
