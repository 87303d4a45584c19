"""The logged model serves anywhere: no pickle, its own code, named columns, what the exported model predicts."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldproof.model.exported import ExportedModel
from foldproof.tracking.model_log import REQUIRED, requirements, write
from foldproof.tracking.scribe import EXAMPLE, Scribe
from foldproof.tracking.store import Patience, environment
from tests.tracking.projects import dataset, export_model

pytestmark = pytest.mark.usefixtures("mlflow_imported")

# A process that serves: foldproof is not installed there, the model brings it along.
SERVE = """
import json, sys, warnings
sys.path[:] = [path for path in sys.path if not path.rstrip("/").endswith("/src")]
warnings.simplefilter("ignore")
import mlflow, numpy as np, pandas as pd
folder, kind = sys.argv[1], sys.argv[2]
model = mlflow.pyfunc.load_model(folder)
import foldproof
rows = np.load(sys.argv[3])
given = pd.DataFrame(rows.astype("float64"), columns=json.loads(sys.argv[4])) if kind == "table" else rows
table = model.predict(given)
refused = ""
if kind == "table":
    shuffled = model.predict(given[given.columns[::-1]])
    assert shuffled.equals(table), "columns are taken by name"
    try:
        model.predict(given.drop(columns=given.columns[0]))
    except Exception as error:
        refused = str(error)
ours = {name: module.__file__ for name, module in sys.modules.items() if name.startswith("foldproof") and module.__file__}
print(json.dumps({"table": table.to_dict("list"), "ours": ours, "refused": refused,
                  "packages": sorted({name.split(".")[0] for name in sys.modules})}))
"""


def mlflow_model(kind: str, folder: Path) -> Path:
    data = dataset(kind)
    export_model(data, folder / "exported")
    np.save(folder / EXAMPLE, data.features[:2])
    with environment(Patience(1)):
        write(folder / "exported", folder / EXAMPLE, folder / "logged")
    return folder / "logged"


@pytest.mark.parametrize("kind", ["image", "table", "regression"])
def test_it_predicts_elsewhere_what_the_exported_model_predicts(kind: str, tmp_path: Path) -> None:
    data = dataset(kind)
    logged = mlflow_model(kind, tmp_path)
    np.save(tmp_path / "rows.npy", data.features[:7])
    arguments = [str(logged), data.schema.kind, str(tmp_path / "rows.npy"), json.dumps(data.schema.features)]
    answer = subprocess.run(
        [sys.executable, "-c", SERVE, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    told: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    wanted = ExportedModel.load(tmp_path / "exported").predict(np.asarray(data.features[:7]))
    if data.schema.task == "regression":
        np.testing.assert_array_equal(told["table"]["prediction"], wanted.astype(np.float64))
    else:
        chances = np.stack([told["table"][f"p_{name}"] for name in data.schema.classes], axis=1)
        np.testing.assert_array_equal(chances, wanted.astype(np.float64))
        assert told["table"]["prediction"] == [data.schema.classes[index] for index in wanted.argmax(1)]
    assert told["ours"], "foldproof was imported"
    assert all(Path(file).is_relative_to(logged / "code") for file in told["ours"].values()), told["ours"]
    if data.schema.kind == "table":
        assert data.schema.features[0] in told["refused"]
    assert not list(logged.rglob("*.pkl"))
    assert not list(logged.rglob("*.pickle"))
    assert not {"pytorch_lightning", "sklearn", "dvc"} & set(told["packages"]) - _of_mlflow()


def _of_mlflow() -> set[str]:
    """What mlflow alone imports: it may use scikit-learn where that is installed."""
    return {"sklearn"}


def test_the_requirements_are_what_our_code_imports_when_it_predicts(tmp_path: Path) -> None:
    """Read from the sources that a serving process loads: every import outside a function, and of the standard library."""
    import ast
    from importlib.metadata import packages_distributions

    export_model(dataset("table"), tmp_path / "exported")
    script = (
        "import sys, json\n"
        "from foldproof.model.exported import ExportedModel\n"
        "import foldproof.tracking.model_code\n"
        f"ExportedModel.load({str(tmp_path / 'exported')!r})\n"
        "print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.startswith('foldproof') and m.__file__]))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
    named: set[str] = set()
    for file in loaded:
        for node in ast.walk(ast.parse(Path(file).read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                named.add(node.module.split(".")[0])
    owners = packages_distributions()
    foreign = {name for name in named - set(sys.stdlib_module_names) - {"foldproof"} if name in owners}
    # Inside functions that predicting does not call: splitting rows, and the notebook's entry.
    elsewhere = {"sklearn", "pytorch_lightning", "torchvision"}
    needed = {owners[name][0].lower() for name in foreign - elsewhere}
    assert {name for name in needed if not name.startswith("mlflow")} <= {name.lower() for name in REQUIRED}


def test_requirements_are_exact_and_such_as_an_index_has() -> None:
    assert [line.partition("==")[0] for line in requirements()] == list(REQUIRED)
    assert all("==" in line and "+" not in line for line in requirements())


def test_the_signature_and_the_example_say_what_to_send(tmp_path: Path) -> None:
    from mlflow.models import Model

    table = Model.load(str(mlflow_model("table", tmp_path / "t")))
    assert table.signature.inputs.input_names() == list(dataset("table").schema.features)
    assert table.signature.outputs.input_names() == ["prediction", "p_setosa", "p_versicolor", "p_virginica"]
    image = Model.load(str(mlflow_model("image", tmp_path / "i")))
    (tensor,) = image.signature.inputs.inputs
    assert (tensor.shape, tensor.type) == ((-1, 1, 8, 8), np.dtype("uint8"))
    sent = json.loads((tmp_path / "i" / "logged" / "serving_input_example.json").read_text())
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
