"""The audit holds for an honest run, and names what was tampered with."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.data.transforms.tables import mixed
from tests.training.setting import params, split_of

from foldproof.cli import main
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import fit_statistics, save_statistics
from foldproof.errors import DataError
from foldproof.evaluation.audit import audit, table
from foldproof.reproducibility import read_json, write_json
from foldproof.training.cross_validation import train_members

CHOSEN = params(
    split={"folds": 3},
    preprocess={"power": "yeo_johnson", "pca": 0.9, "missing_indicator": True},
    model={"name": "linear"},
    train={"epochs": 1, "batch_size": 32, "accelerator": "cpu"},
)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, dataset = tmp_path_factory.mktemp("honest"), mixed()
    split = split_of(dataset, CHOSEN)
    statistics = fit_statistics(dataset, split, CHOSEN.preprocess)
    dataset.save(root / "data/prepared")
    split.save(root / "data/splits")
    save_statistics(statistics, split, root / "data/statistics")
    found = train_members(dataset, split, statistics, CHOSEN.model, CHOSEN.train, CHOSEN.augment)
    found.model.save(root / "models")
    section = CHOSEN.preprocess.model_dump()
    write_json(root / "params.yaml", {"schema": 1, "preprocess": section})  # JSON is YAML
    return root


@pytest.fixture
def root(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "project"))


def wrong(root: Path) -> list[tuple[str, str]]:
    return [(one.member, one.subject) for one in audit(root, CHOSEN.preprocess) if not one.holds]


def test_an_honest_run_holds_in_all_comparisons(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs = audit(root, CHOSEN.preprocess)
    assert all(one.holds for one in proofs), table(proofs)
    assert len(proofs) == 1 + 3 * 3 + 2
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit) as ended:
        main(["audit"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.endswith("all 12 comparisons hold\n")


def test_statistics_of_all_rows_are_found_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitted and noted as the pipeline does, by a split that calls every row a training row."""
    dataset, split = mixed(), Split.load(root / "data/splits")
    everything = Split(split.members, np.full_like(split.roles, Role.TRAINING), split.audit)
    save_statistics(fit_statistics(dataset, everything, CHOSEN.preprocess), split, root / "data/statistics")
    found = wrong(root)
    assert {("fold 0", "statistics"), ("fold 1", "statistics"), ("fold 2", "statistics")} <= set(found)
    assert ("fold 0", "fitted anew") in found
    assert ("all", "carried by the model") in found
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit) as ended:
        main(["audit"])
    assert ended.value.code == 1


def test_a_manifest_that_lies_is_found_out_by_fitting_anew(root: Path) -> None:
    """The hashes are those of training rows, the values those of all rows."""
    path = root / "data/statistics/statistics.safetensors"
    values = load_file(path)
    values["center"][0, 0] += 1e-12
    save_file(values, path)
    assert wrong(root) == [("fold 0", "fitted anew")]


def _held_out_row_in_training(root: Path) -> None:
    split = Split.load(root / "data/splits")
    split.roles[1, split.rows(1, Role.SCORED)[0]] = Role.TRAINING
    np.save(root / "data/splits/roles.npy", split.roles)


def _test_row_in_training(root: Path) -> None:
    split = Split.load(root / "data/splits")
    split.roles[2, split.test_rows()[0]] = Role.TRAINING
    np.save(root / "data/splits/roles.npy", split.roles)


def _model_of_other_rows(root: Path) -> None:
    record: dict[str, Any] = read_json(root / "models/model.json")
    record["members"][1]["training_rows_sha256"] = record["members"][0]["training_rows_sha256"]
    write_json(root / "models/model.json", record)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_held_out_row_in_training, [("fold 1", one) for one in ("split", "statistics", "model")]),
        (_test_row_in_training, [("all", "test set"), *(("fold 2", one) for one in ("split", "statistics", "model"))]),
        (_model_of_other_rows, [("fold 1", "model")]),
    ],
)
def test_what_was_tampered_with_is_named(root: Path, tamper: Any, found: list[tuple[str, str]]) -> None:
    tamper(root)
    assert wrong(root) == found


@pytest.mark.parametrize("file", ["data/statistics/manifest.json", "models/members.safetensors", "models/model.json"])
def test_a_file_that_is_missing_is_named_with_what_to_do(root: Path, file: str) -> None:
    (root / file).unlink()
    with pytest.raises(DataError, match=rf"{Path(file).name}.*dvc"):
        audit(root, CHOSEN.preprocess)
