"""The logged model serves anywhere: no pickle, its own code, named columns, what the exported model predicts."""

import ast
import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldproof.data.encoding import decode
from foldproof.model.exported import ExportedModel
from foldproof.tracking.model_log import REQUIRED, requirements, write
from foldproof.tracking.scribe import EXAMPLE, Scribe
from foldproof.tracking.store import Patience, environment
from tests.tracking.projects import dataset, export_model

pytestmark = pytest.mark.usefixtures("mlflow_imported")

FITTING = {"sklearn", "threadpoolctl"}  # imported in functions that fit statistics
KINDS = ("image", "table", "mixed", "regression", "several")

# A process that serves: foldproof is not installed there, the models bring it along.
SERVE = """
import json, sys, warnings
sys.path[:] = [path for path in sys.path if not path.rstrip("/").endswith("/src")]
import mlflow.pyfunc, numpy as np, pandas as pd
warnings.simplefilter("error", UserWarning)
told = {}
for kind in sys.argv[1:]:
    model = mlflow.pyfunc.load_model(f"{kind}/logged")
    rows, columns = np.load(f"{kind}/rows.npy"), json.load(open(f"{kind}/columns.json"))
    given = pd.read_parquet(f"{kind}/given.parquet") if columns else rows
    table, refused = model.predict(given), ""
    if columns:
        assert model.predict(given[given.columns[::-1]]).equals(table), "columns are taken by name"
        try:
            model.predict(given.drop(columns=columns[0]))
        except Exception as error:
            refused = str(error)
    told[kind] = {"table": table.to_dict("list"), "refused": refused}
ours = [module.__file__ for name, module in sys.modules.items() if name.startswith("foldproof") and module.__file__]
print(json.dumps({"told": told, "ours": ours}))
"""


def mlflow_model(kind: str, folder: Path) -> Path:
    data = dataset(kind)
    export_model(data, folder / "exported")
    np.save(folder / EXAMPLE, data.features[:2])
    with environment(Patience(1)):
        write(folder / "exported", folder / EXAMPLE, folder / "logged")
    return folder / "logged"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, mlflow_imported: None) -> tuple[Path, dict[str, Any]]:  # noqa: ARG001
    """A folder with a logged model of each kind, and what a process that serves them told."""
    place = tmp_path_factory.mktemp("served")
    for kind in KINDS:
        mlflow_model(kind, place / kind)
        np.save(place / kind / "rows.npy", dataset(kind).features[:7])
        (place / kind / "columns.json").write_text(json.dumps(dataset(kind).schema.features))
        if dataset(kind).schema.columns:
            written = decode(dataset(kind).features[:7], dataset(kind).schema.columns)
            written.to_parquet(place / kind / "given.parquet")
    answer = subprocess.run(
        [sys.executable, "-c", SERVE, *KINDS], cwd=place, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return place, json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_it_predicts_elsewhere_what_the_exported_model_predicts(kind: str, served: tuple[Path, dict[str, Any]]) -> None:
    place, answer = served
    data, told = dataset(kind), answer["told"][kind]
    wanted = ExportedModel.load(place / kind / "exported").predict(np.asarray(data.features[:7]))
    for place_of_target, own in enumerate(data.schema.apart(wanted.astype(np.float64))):
        classes = data.schema.targets[place_of_target].classes
        prediction, *chances = (told["table"][name] for name in data.schema.served(place_of_target))
        if classes:
            np.testing.assert_array_equal(np.stack(chances, axis=1), own)
            assert prediction == [classes[index] for index in own.argmax(1)]
        else:
            np.testing.assert_array_equal(prediction, own)
    if data.schema.kind == "table":
        assert data.schema.features[0] in told["refused"]
    assert not [path for path in (place / kind / "logged").rglob("*") if "pkl" in path.name or "pickle" in path.name]


def test_it_runs_on_the_code_and_the_packages_that_it_names(served: tuple[Path, dict[str, Any]]) -> None:
    """By the sources that serving loaded: what they import, beside what only other uses of them import, is required."""
    place, answer = served
    files = [Path(name) for name in answer["ours"]]
    assert files
    assert all(file.is_relative_to(place / KINDS[0] / "logged" / "code") for file in files), files
    named: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                named.add(node.module.split(".")[0])
    owners = packages_distributions()
    # pydantic_core is pinned by pydantic.
    needed = {owners[name][0].lower() for name in named - {"foldproof", "pydantic_core", *FITTING} if name in owners}
    assert needed <= {name.lower() for name in REQUIRED}


def test_requirements_are_exact_and_such_as_an_index_has() -> None:
    assert [line.partition("==")[0] for line in requirements()] == list(REQUIRED)
    assert all("==" in line and "+" not in line for line in requirements())


def test_it_takes_the_source_of_a_users_own_network_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from torch import nn\n\n\ndef make(shape, outputs):\n    return nn.Linear(shape[0], outputs)\n"
    (tmp_path / "network_of_mine.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    export_model(dataset("table"), tmp_path / "exported")
    record = json.loads((tmp_path / "exported" / "model.json").read_text())
    record["network"] |= {"name": "factory", "factory": "network_of_mine:make"}
    (tmp_path / "exported" / "model.json").write_text(json.dumps(record))
    np.save(tmp_path / EXAMPLE, dataset("table").features[:2])
    with environment(Patience(1)):
        write(tmp_path / "exported", tmp_path / EXAMPLE, tmp_path / "logged")
    assert (tmp_path / "logged" / "code" / "network_of_mine.py").read_text() == source


def test_the_signature_and_the_example_say_what_to_send(served: tuple[Path, dict[str, Any]]) -> None:
    from mlflow.models import Model

    place, _ = served
    table = Model.load(str(place / "table" / "logged"))
    assert table.signature.inputs.input_names() == list(dataset("table").schema.features)
    assert table.signature.outputs.input_names() == ["prediction", "p_setosa", "p_versicolor", "p_virginica"]
    mixed = Model.load(str(place / "mixed" / "logged"))
    assert [(one.type.name, one.required) for one in mixed.signature.inputs.inputs] == [
        ("double", True),
        ("string", True),
        ("string", True),
        ("string", True),
        ("double", True),
    ]
    example = json.loads((place / "mixed" / "logged" / "input_example.json").read_text())
    assert example["data"][0][1:4] == ["blue", "2019-04-14", "true"]
    several = Model.load(str(place / "several" / "logged")).signature.outputs
    assert several.input_names() == [
        "prediction_species",
        "p_species_setosa",
        "p_species_versicolor",
        "p_species_virginica",
        "prediction_petal width",
    ]
    image = Model.load(str(place / "image" / "logged"))
    (tensor,) = image.signature.inputs.inputs
    assert (tensor.shape, tensor.type) == ((-1, 1, 8, 8), np.dtype("uint8"))
    sent = json.loads((place / "image" / "logged" / "serving_input_example.json").read_text())
    assert np.asarray(sent["inputs"]).shape == (2, 1, 8, 8)


def test_an_entry_of_a_model_keeps_its_files_and_first_rows(tmp_path: Path) -> None:
    from foldproof.tracking.journal import Journal
    from foldproof.tracking.workspace import files_of

    data = dataset("image")
    data.save(tmp_path / "prepared")
    export_model(data, tmp_path / "models")
    with Journal(tmp_path / "j.jsonl") as journal:
        Scribe(journal).model(tmp_path / "models", tmp_path / "prepared" / "features.npy")
        Scribe(journal).model(tmp_path / "models")
    (kept,) = files_of(tmp_path / "j.jsonl").iterdir()
    assert sorted(path.name for path in (kept / "model").iterdir()) == ["members.safetensors", "model.json"]
    assert np.array_equal(np.load(kept / EXAMPLE), data.features[:2])
