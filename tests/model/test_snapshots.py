"""A model whose members are several snapshots: on disk, in predictions, and beside what it would be without them."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.model.exported import ExportedModel
from foldproof.model.without import load_without, save_without
from foldproof.reproducibility import read_json
from foldproof.training.cross_validation import Trained, train_members
from tests.training.setting import diabetes, digits, params, split_of

DATA = {"classification": digits(200), "regression": diabetes(150)}
SNAPSHOTS = {"every_epochs": 2, "keep": 2}


@cache
def trained(task: str, name: str = "ema", snapshots: bool = True) -> tuple[Any, Dataset, Trained]:
    chosen = params(
        split={"folds": 2},
        model={"name": "mlp", "mlp": {"hidden": [8]}, "dropout": 0.2},
        train={
            "epochs": 5,
            "batch_size": 16,
            "accelerator": "cpu",
            "population": 1,
            "engine": "in_process",
            "averaging": {"name": name, "snapshots": SNAPSHOTS if snapshots else {}},
        },
    )
    dataset = DATA[task]
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    return chosen, dataset, train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)


tasks = pytest.mark.parametrize("task", DATA)


@tasks
def test_what_is_saved_predicts_the_same_bits(task: str, tmp_path: Path) -> None:
    _, dataset, found = trained(task)
    found.model.save(tmp_path)
    loaded = ExportedModel.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(dataset.features[:50]), found.model.predict(dataset.features[:50]))
    assert read_json(tmp_path / "model.json")["snapshots"] == 2
    weights = load_file(tmp_path / "members.safetensors")
    beside = ("statistics.", "learnt_rows.")
    assert {value.shape[:2] for name, value in weights.items() if not name.startswith(beside)} == {(2, 2)}
    assert {value.shape[0] for name, value in weights.items() if name.startswith("statistics.")} == {2}


@tasks
def test_a_member_predicts_the_mean_of_its_snapshots(task: str) -> None:
    _, dataset, found = trained(task)
    rows = np.broadcast_to(np.arange(30), (2, 30))
    alone = found.model.predict_snapshots(dataset.features, rows)
    assert alone.shape[:3] == (2, 2, 30)
    assert np.abs(alone[:, 0] - alone[:, 1]).max() > 0
    np.testing.assert_allclose(found.model.predict_members(dataset.features[:30]), alone.mean(axis=1))
    assert [one["snapshots"] for one in found.model.members] == [[1, 3], [1, 3]]


@tasks
def test_one_model_is_kept_for_each_technique_that_can_be_left_out(task: str, tmp_path: Path) -> None:
    chosen, dataset, found = trained(task)
    assert [one.name for one in found.without] == ["ema", "snapshots"]
    plain = trained(task, "none", snapshots=False)[2]
    averaged = trained(task, "ema", snapshots=False)[2]
    rows = dataset.features[:40]
    for model, wanted in zip((one.model for one in found.without), (plain, averaged), strict=True):
        np.testing.assert_array_equal(model.predict(rows), wanted.model.predict(rows))
    assert plain.without == ()
    save_without(found.without, tmp_path)
    for one, other in zip(load_without(tmp_path), found.without, strict=True):
        assert (one.name, one.label, one.cost) == (other.name, other.label, other.cost)
        assert one.model.members == other.model.members
        np.testing.assert_array_equal(one.model.predict(rows), other.model.predict(rows))
    save_without((), tmp_path)
    assert load_without(tmp_path) == ()
    split = split_of(dataset, chosen)
    lists = [split.rows(index, Role.SCORED) for index in range(2)]
    for own, told in zip(found.model.predict_lists(dataset.features, lists), found.out_of_fold, strict=True):
        np.testing.assert_array_equal(own, told)


def test_a_model_without_snapshots_says_nothing_of_them(tmp_path: Path) -> None:
    """So files are as they were before there were snapshots, and those of then can be read."""
    plain = trained("classification", "none", snapshots=False)[2].model
    plain.save(tmp_path)
    record = read_json(tmp_path / "model.json")
    assert "snapshots" not in record
    assert all("snapshots" not in member for member in record["members"])
    weights = load_file(tmp_path / "members.safetensors")
    assert {value.shape[0] for name, value in weights.items() if not name.startswith("learnt_rows.")} == {2}
