"""Logging the ensemble as an MLflow model that serves anywhere: code, weights, signature, example, requirements."""

import json
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from foldproof.config.model import Model as Network
from foldproof.data.schema import Schema
from foldproof.model.factory_source import source_of
from foldproof.tracking.runs import KnownRun
from foldproof.tracking.scribe import EXAMPLE

NAME = "model"
CHECKSUM = "foldproof.sha256"
# What loading and predicting imports; a test holds it against what a serving process really imports.
REQUIRED = ("mlflow", "numpy", "pandas", "pyarrow", "pydantic", "PyYAML", "safetensors", "torch")


def send_model(run: KnownRun, files: Path, entry: dict[str, Any]) -> None:
    """Log the model that a journal entry names, once: what an interrupted attempt left half done is deleted first."""
    from mlflow.entities import LoggedModelOutput

    client, experiment = run.client, run.run.info.experiment_id
    ready = find_model(run, entry["sha256"])
    folder = files / entry["folder"]
    if ready is None:
        if not folder.exists():
            return
        model = client.create_logged_model(
            experiment, NAME, run.id, {CHECKSUM: entry["sha256"]}, dict(run.run.data.params), "foldproof"
        )
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch) / "model"
            write(folder / "model", folder / EXAMPLE, place, run_id=run.id, model=model)
            client.log_model_artifacts(model.model_id, str(place))
        ready = client.finalize_logged_model(model.model_id, "READY")
    run.model_id = ready.model_id
    outputs = client.get_run(run.id).outputs
    if ready.model_id not in {output.model_id for output in (outputs.model_outputs if outputs else [])}:
        client.log_outputs(run.id, [LoggedModelOutput(ready.model_id, step=0)])


def find_model(run: KnownRun, checksum: str | None = None) -> Any | None:
    """The run's finished model (with this checksum), or None; unfinished ones with the checksum are deleted."""
    wanted = f"source_run_id = '{run.id}'"
    ready = None
    for model in run.client.search_logged_models([run.run.info.experiment_id], wanted):
        if checksum is not None and model.tags.get(CHECKSUM) != checksum:
            continue
        if str(model.status) == "READY" or getattr(model.status, "name", "") == "READY":
            ready = model
        elif checksum is not None:
            run.client.delete_logged_model(model.model_id)
    return ready


def write(exported: Path, example: Path, target: Path, run_id: str | None = None, model: Any = None) -> None:
    """Write an MLflow model folder at `target` from an exported model.

    Args:
        exported: folder with `model.json` and `members.safetensors`.
        example: raw rows as an .npy file; may be absent.
        target: a folder that does not exist yet.
        run_id: MLflow run that the model belongs to.
        model: MLflow's entry for it, which gives it its address.
    """
    import mlflow
    from mlflow.models import Model

    record = json.loads((exported / "model.json").read_text())
    schema = Schema.from_dict(record["data"], f"{exported}/model.json: data")
    own = source_of(Network.model_validate(record["network"]))
    rows = _rows(example)
    identity = {"artifact_path": model.artifact_location, "model_uuid": model.model_id} if model else {}
    mlflow.pyfunc.save_model(
        path=str(target),
        python_model=str(Path(__file__).with_name("model_code.py")),
        artifacts={"model": str(exported)},
        code_paths=[str(Path(__file__).resolve().parents[1]), *([str(own)] if own else [])],
        signature=_signature(schema, "float32" if rows is None else str(rows.dtype)),
        input_example=None if rows is None else _example(schema, rows),
        pip_requirements=requirements(),
        mlflow_model=Model(run_id=run_id, model_id=model.model_id if model else None, **identity),
    )


def requirements() -> list[str]:
    """Exact versions of what serving imports; a build label such as `+cpu`, which no index has, is left off."""
    return [f"{name}=={metadata.version(name).partition('+')[0]}" for name in REQUIRED]


def _signature(schema: Schema, dtype: str) -> Any:
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, TensorSpec
    from mlflow.types import Schema as Columns

    if schema.kind == "table":
        inputs = Columns(
            [ColSpec("double" if column.kind == "number" else "string", column.name) for column in schema.columns]
        )
    else:
        inputs = Columns([TensorSpec(np.dtype(dtype), (-1, *schema.shape))])
    outputs: list[ColSpec] = []
    for place, target in enumerate(schema.targets):
        prediction, *chances = schema.served(place)
        outputs.append(ColSpec("string" if target.classes else "double", prediction))
        outputs += [ColSpec("double", name) for name in chances]
    return ModelSignature(inputs, Columns(outputs))


def _rows(example: Path) -> Any | None:
    import numpy as np

    return np.load(example, allow_pickle=False) if example.exists() else None


def _example(schema: Schema, rows: Any) -> Any:
    """The example rows, as a table with column names where the data is one."""
    from foldproof.data.encoding import decode

    return decode(rows, schema.columns) if schema.kind == "table" else rows
