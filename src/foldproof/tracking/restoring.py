"""Opening a run in its journal, and recording stages that left their outputs without running here."""

import os
from pathlib import Path

from foldproof.config import Params
from foldproof.data.dataset import Schema
from foldproof.reproducibility import canonical_json, environment
from foldproof.tracking import provenance
from foldproof.tracking.address import EXPERIMENT
from foldproof.tracking.picture import TRAINING
from foldproof.tracking.results import record_curves, record_outputs
from foldproof.tracking.scribe import Scribe


def describe_run(
    scribe: Scribe, params: Params, schema: Schema, root: Path, digest: str, attempt: int
) -> None:
    """The first entries of a run: params, data, where it comes from, what it runs on."""
    facts = environment()
    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    tags = provenance.tags_of(root, os.environ)
    name = (
        tags.get("foldproof.dvc_experiment")
        or f"{schema.name} {params.model.name} {params.train.optimizer.name}"
    )
    scribe.open(
        digest, attempt, name if attempt == 1 else f"{name} ({attempt})", experiment, params, tags, facts
    )
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
