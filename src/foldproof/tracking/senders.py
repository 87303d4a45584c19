"""Sending one kind of thing to one run; each asks, or knows, what the run holds, so that sending again adds nothing."""

import json
from pathlib import Path
from typing import Any

from foldproof.tracking.names import (
    LONGEST_DIGEST,
    LONGEST_PARAM,
    LONGEST_TAG,
    METRICS_A_CALL,
    PARAMS_A_CALL,
    calls,
    clipped,
    legal_name,
)
from foldproof.tracking.picture import Ending, Point
from foldproof.tracking.runs import KnownRun


def send_params(run: KnownRun, params: dict[str, Any]) -> None:
    """Params that the run has not; MLflow never changes one that it has."""
    from mlflow.entities import Param

    named = {legal_name(name): clipped(str(value), LONGEST_PARAM) for name, value in params.items()}
    missing = [Param(name, value) for name, value in named.items() if name not in run.run.data.params]
    for portion in calls(missing, PARAMS_A_CALL):
        run.client.log_batch(run.id, params=portion)
        run.run.data.params.update({param.key: param.value for param in portion})


def send_tags(run: KnownRun, tags: dict[str, str]) -> None:
    """Tags that differ from the run's; an empty text takes a tag away."""
    from mlflow.entities import RunTag

    held = run.run.data.tags
    short = {legal_name(name): clipped(value, LONGEST_TAG) for name, value in tags.items()}
    changed = {name: value for name, value in short.items() if value and held.get(name) != value}
    for portion in calls([RunTag(name, value) for name, value in changed.items()], PARAMS_A_CALL):
        run.client.log_batch(run.id, tags=portion)
    held.update(changed)
    for name in [name for name, value in short.items() if not value and name in held]:
        run.client.delete_tag(run.id, name)
        del held[name]


def send_input(run: KnownRun, schema: dict[str, Any]) -> None:
    """The data set, known by its name and the beginning of its fingerprint."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    digest = schema["fingerprint"][:LONGEST_DIGEST]
    if digest in {entry.dataset.digest for entry in run.run.inputs.dataset_inputs}:
        return
    profile = {name: schema[name] for name in ("rows", "kind", "targets", "shape", "fingerprint")}
    dataset = Dataset(
        name=schema["name"],
        digest=digest,
        source_type="foldproof",
        source=json.dumps({"name": schema["name"], "fingerprint": schema["fingerprint"]}),
        schema=json.dumps(_columns(schema)),
        profile=json.dumps(profile),
    )
    run.client.log_inputs(run.id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def send_points(run: KnownRun, points: list[Point]) -> None:
    """Points that the run has not; those without a series also describe its model, where it has one."""
    from mlflow.entities import Metric

    missing = [point for point in points if not run.holds(point.name, point.step)]
    for portion in calls(missing, METRICS_A_CALL):
        metrics = [
            Metric(
                point.name,
                point.value,
                point.time,
                point.step,
                model_id=run.model_id if point.summary else None,
            )
            for point in portion
        ]
        run.client.log_batch(run.id, metrics)
        for point in portion:
            run.sent(point.name, point.step)


def send_artifact(run: KnownRun, files: Path, artifact: dict[str, Any]) -> None:
    """A file; one whose copy was let go had arrived in a store before."""
    file = files / artifact["file"]
    if file.exists():
        run.client.log_artifact(run.id, str(file), artifact["folder"] or None)


def send_ending(run: KnownRun, ending: Ending) -> None:
    """How the run stands; a run that goes on is opened again."""
    if run.status == ending.status and ending.status == "RUNNING":
        return
    if ending.status == "RUNNING":
        run.client.update_run(run.id, "RUNNING")
    else:
        run.client.set_terminated(run.id, ending.status, ending.time)
    run.status = ending.status


def _columns(schema: dict[str, Any]) -> dict[str, Any]:
    """The columns as MLflow's UI reads them."""
    if schema["kind"] == "table":
        columns = [(one["name"], "string" if one["kind"] == "category" else "float") for one in schema["columns"]]
        targets = [(one["name"], "string" if one["classes"] else "float") for one in schema["targets"]]
        named = [{"name": name, "type": kind, "required": True} for name, kind in columns + targets]
        return {"mlflow_colspec": named}
    rows = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, *schema["shape"]]}}
    return {"mlflow_tensorspec": {"features": json.dumps([rows]), "targets": None}}
