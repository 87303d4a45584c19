"""The audit holds for an honest run, and names what was tampered with."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file
from tests.data.transforms.tables import mixed
from tests.training.setting import params, split_of

from foldproof.cli import main
from foldproof.data.splits import Role, Split, hash_of_rows
from foldproof.data.statistics import fit_statistics, save_statistics
from foldproof.errors import DataError
from foldproof.evaluation.audit import OUT_OF_FOLD, audit, table
from foldproof.reproducibility import read_json, write_json
from foldproof.training.cross_validation import train_members
from foldproof.training.outputs import save_out_of_fold

CHOSEN = params(
    split={"folds": 3},
    preprocess={"power": "yeo_johnson", "pca": 0.9, "missing_indicator": True},
    model={"name": "linear"},
    train={"epochs": 1, "batch_size": 32, "accelerator": "cpu"},
)
MEMBERS = ("fold 0", "fold 1", "fold 2")
HASHED = ("split", "statistics", "model", "learnt from")  # comparisons of a member's rows by their hash


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
    save_out_of_fold(found, dataset, split, root / OUT_OF_FOLD)
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
    subjects = [one.subject for one in proofs]
    each = {"roles", "split", "statistics", "model", "learnt from", "out of fold", "fitted anew"}
    assert {one for one in subjects if subjects.count(one) == len(MEMBERS)} == each
    once = {"prepared data", "data of the model", "members", "test set", "folds", "duplicates", "carried by the model"}
    assert once <= set(subjects)
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit) as ended:
        main(["audit"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.endswith(f"all {len(proofs)} comparisons hold\n")
    assert "this cannot know" in told


def test_statistics_of_all_rows_are_found_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitted and noted as the pipeline does, by a split that calls every row a training row."""
    dataset, split = mixed(), Split.load(root / "data/splits")
    everything = Split(split.members, np.full_like(split.roles, Role.TRAINING), split.audit)
    save_statistics(fit_statistics(dataset, everything, CHOSEN.preprocess), split, root / "data/statistics")
    found = wrong(root)
    assert {(member, subject) for member in MEMBERS for subject in ("statistics", "fitted anew")} <= set(found)
    assert ("all", "carried by the model") in found
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit) as ended:
        main(["audit"])
    assert ended.value.code == 1


def test_a_manifest_that_lies_is_found_out_by_fitting_anew(root: Path) -> None:
    """The hashes are those of training rows, the values those of all rows."""
    path = root / "data/statistics/statistics.safetensors"
    for index, member in enumerate(MEMBERS):
        values = load_file(path)
        before = values["center"][index, 0]
        values["center"][index, 0] = before + 1e-12
        save_file(values, path)
        assert wrong(root) == [(member, "fitted anew")]
        values["center"][index, 0] = before
        save_file(values, path)


def _with_roles(root: Path, change: Callable[[Split], None]) -> None:
    split = Split.load(root / "data/splits")
    change(split)
    np.save(root / "data/splits/roles.npy", split.roles)


def _held_out_row_in_training(root: Path) -> None:
    def change(split: Split) -> None:
        split.roles[1, split.rows(1, Role.SCORED)[0]] = Role.TRAINING

    _with_roles(root, change)


def _test_row_in_training(root: Path) -> None:
    def change(split: Split) -> None:
        split.roles[2, split.test_rows()[0]] = Role.TRAINING

    _with_roles(root, change)


def _row_to_stop_on_in_training(root: Path) -> None:
    def change(split: Split) -> None:
        split.roles[1, split.rows(1, Role.INNER_VALIDATION)[0]] = Role.UNUSED

    _with_roles(root, change)


def _record(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    record: dict[str, Any] = read_json(root / "models/model.json")
    change(record)
    write_json(root / "models/model.json", record)


def _model_of_other_rows(root: Path) -> None:
    def change(record: dict[str, Any]) -> None:
        record["members"][1]["training_rows_sha256"] = record["members"][0]["training_rows_sha256"]

    _record(root, change)


def _model_that_learnt_from_other_rows(root: Path) -> None:
    def change(record: dict[str, Any]) -> None:
        record["members"][2]["learnt_from"] = record["members"][0]["learnt_from"]

    _record(root, change)


def _model_of_other_data(root: Path) -> None:
    _record(root, lambda record: record["data"].update(fingerprint="0" * 64))


def _model_of_members_in_another_order(root: Path) -> None:
    _record(root, lambda record: record["members"].reverse())


def _other_targets(root: Path) -> None:
    targets = np.load(root / "data/prepared/targets.npy")
    np.save(root / "data/prepared/targets.npy", targets[::-1].copy())


def _model_without(*prefixes: str) -> Callable[[Path], None]:
    def tamper(root: Path) -> None:
        path = root / "models/members.safetensors"
        kept = {name: one for name, one in load_file(path).items() if not name.startswith(prefixes)}
        save_file(kept, path)

    return tamper


def _predictions_of_other_rows(root: Path) -> None:
    table = pd.read_parquet(root / OUT_OF_FOLD)
    table.loc[table["fold"] == 1, "row"] = table.loc[table["fold"] == 0, "row"].to_numpy()[0]
    table.to_parquet(root / OUT_OF_FOLD, index=False)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (
            _held_out_row_in_training,
            {("all", "folds"), *(("fold 1", one) for one in HASHED), ("fold 1", "fitted anew")},
        ),
        (_test_row_in_training, {("all", "test set"), *(("fold 2", one) for one in HASHED)}),
        (_row_to_stop_on_in_training, {("fold 1", "learnt from")}),
        (_model_of_other_rows, {("fold 1", "model")}),
        (_model_that_learnt_from_other_rows, {("fold 2", "learnt from")}),
        (_model_of_other_data, {("all", "data of the model")}),
        (_model_of_members_in_another_order, {("all", "members")}),
        (_other_targets, {("all", "prepared data")}),
        (_model_without("statistics."), {("all", "carried by the model")}),
        (_model_without("statistics.center"), {("all", "carried by the model")}),
        (_predictions_of_other_rows, {("fold 1", "out of fold")}),
    ],
)
def test_what_was_tampered_with_is_named(root: Path, tamper: Any, found: set[tuple[str, str]]) -> None:
    tamper(root)
    assert found <= set(wrong(root))


def test_a_split_that_holds_nothing_out_is_found_out_though_all_files_agree(root: Path) -> None:
    """Scored rows called training rows everywhere: in the split, in statistics fitted on them, in the model."""
    dataset, split = mixed(), Split.load(root / "data/splits")
    split.roles[split.roles == Role.SCORED] = Role.TRAINING
    statistics = fit_statistics(dataset, split, CHOSEN.preprocess)
    split.save(root / "data/splits")
    save_statistics(statistics, split, root / "data/statistics")
    weights = load_file(root / "models/members.safetensors")
    for name, value in statistics.learnt.items():
        weights[f"statistics.{name}"] = value.astype(np.float32)
    save_file(weights, root / "models/members.safetensors")

    def agree(record: dict[str, Any]) -> None:
        for index, one in enumerate(record["members"]):
            one["training_rows_sha256"] = hash_of_rows(split.rows(index, Role.TRAINING))
            one["learnt_from"] = hash_of_rows(split.training_part(index))

    _record(root, agree)
    lost = {(member, subject) for member in MEMBERS for subject in ("roles", "out of fold")}
    assert set(wrong(root)) == {("all", "folds")} | lost


def test_a_split_of_other_data_is_refused(root: Path) -> None:
    roles = np.load(root / "data/splits/roles.npy")
    np.save(root / "data/splits/roles.npy", roles[:, 1:])
    with pytest.raises(DataError, match=r"roles of \d+ rows, data/prepared has \d+.*dvc"):
        audit(root, CHOSEN.preprocess)


FILES = ["data/statistics/manifest.json", "models/members.safetensors", "models/model.json", OUT_OF_FOLD]


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_missing_is_named_with_what_to_do(root: Path, file: str) -> None:
    (root / file).unlink()
    with pytest.raises(DataError, match=rf"{Path(file).name}.*dvc"):
        audit(root, CHOSEN.preprocess)
