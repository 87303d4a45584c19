"""An exported model predicts what its members predict, carries its preprocessing, and refuses what it cannot read."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import Inputs, normalise
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.errors import DataError
from foldproof.model.build import build
from foldproof.model.exported import ExportedModel
from foldproof.reproducibility import read_json, write_json
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.members import key_of_member
from tests.training.setting import diabetes, digits, params, split_of

CHOSEN = params(
    split={"folds": 2},
    model={"name": "mlp", "mlp": {"hidden": [8]}, "dropout": 0.2},
    train={"epochs": 2, "batch_size": 16, "accelerator": "cpu"},
)


@cache
def trained(task: str) -> tuple[Dataset, Trained]:
    dataset = {"classification": digits, "regression": diabetes}[task]()
    split = split_of(dataset, CHOSEN)
    statistics = fit_statistics(dataset, split, CHOSEN.preprocess)
    return dataset, train_members(dataset, split, statistics, CHOSEN.model, CHOSEN.train, CHOSEN.augment)


tasks = pytest.mark.parametrize("task", ["classification", "regression"])


@tasks
def test_what_is_saved_predicts_the_same_bits(task: str, tmp_path: Path) -> None:
    dataset, found = trained(task)
    found.model.save(tmp_path)
    loaded = ExportedModel.load(tmp_path)
    assert np.array_equal(loaded.predict(dataset.features[:50]), found.model.predict(dataset.features[:50]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["members.safetensors", "model.json"]


@tasks
def test_a_member_predicts_what_its_plain_network_does_on_rows_that_it_normalised(task: str) -> None:
    """The oracle: one module, loaded with the member's weights, fed rows that numpy centred and scaled."""
    dataset, found = trained(task)
    split, model = split_of(dataset, CHOSEN), found.model
    network = build(
        CHOSEN.model, Inputs(dataset.schema.shape), dataset.schema.outputs, key_of_member(split.members[1])
    ).eval()
    state = {name: value[1] for name, value in model.network.layout.unfold(model.matrix).items()}
    state |= {name: value[1] for name, value in model.buffers.items()}
    network.load_state_dict(state)
    training = np.asarray(dataset.features)[split.rows(1, Role.TRAINING)].astype(np.float64)
    deviation = training.std(0)
    rows = (np.asarray(dataset.features[:40], dtype=np.float64) - training.mean(0)) / np.where(
        deviation == 0, 1, deviation
    )
    with torch.no_grad():
        outputs = network(torch.from_numpy(rows).float())
    if task == "classification":
        wanted = outputs.softmax(-1).numpy()
    else:
        targets = np.asarray(dataset.targets, dtype=np.float64)[split.rows(1, Role.TRAINING)]
        wanted = outputs.squeeze(-1).numpy() * targets.std() + targets.mean()
    np.testing.assert_allclose(model.predict_members(dataset.features[:40])[1], wanted, rtol=2e-5, atol=2e-6)


@tasks
def test_the_model_is_the_mean_of_its_members(task: str) -> None:
    dataset, found = trained(task)
    members = found.model.predict_members(dataset.features[:30])
    np.testing.assert_allclose(found.model.predict(dataset.features[:30]), members.mean(0))
    if task == "classification":
        np.testing.assert_allclose(members.sum(-1), 1, atol=1e-5)


@tasks
def test_out_of_fold_predictions_come_from_the_member_that_did_not_see_the_row(task: str) -> None:
    dataset, found = trained(task)
    split = split_of(dataset, CHOSEN)
    for index, predicted in enumerate(found.out_of_fold):
        rows = split.rows(index, Role.SCORED)
        wanted = found.model.predict_members(dataset.features[rows])[index]
        np.testing.assert_allclose(predicted, wanted, rtol=1e-5, atol=1e-6)


def test_a_model_of_classes_against_the_rest_predicts_by_sigmoids_wherever_it_is_loaded(tmp_path: Path) -> None:
    dataset, chosen = digits(), params(model=CHOSEN.model, train={**dict(CHOSEN.train), "loss": "binary_cross_entropy"})
    split = split_of(dataset, CHOSEN)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    found = train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)
    found.model.save(tmp_path)
    loaded = ExportedModel.load(tmp_path)
    rows = torch.from_numpy(dataset.features[:30]).float().expand(2, -1, -1, -1, -1)
    outputs = loaded.network(
        loaded.matrix,
        loaded.buffers,
        normalise(rows, loaded.statistics["center"], loaded.statistics["scale"]),
    )
    each = outputs.sigmoid().numpy()
    wanted = each / each.sum(-1, keepdims=True)
    np.testing.assert_allclose(loaded.predict_members(dataset.features[:30]), wanted, rtol=1e-5)
    np.testing.assert_allclose(found.out_of_fold[0].sum(-1), 1, rtol=1e-5)


def test_an_output_activation_that_is_not_known_is_refused(tmp_path: Path) -> None:
    record = read_json(saved(tmp_path) / "model.json")
    write_json(tmp_path / "model.json", {**record, "output_activations": ["softmx"]})
    with pytest.raises(DataError, match=r"output_activations: found 'softmx', legal: .*did you mean 'softmax'"):
        ExportedModel.load(tmp_path)


def saved(folder: Path) -> Path:
    trained("classification")[1].model.save(folder)
    return folder


def test_rows_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match=r"takes \(1, 8, 8\)"):
        trained("classification")[1].model.predict(np.zeros((2, 1, 9, 9)))


def test_rows_with_missing_values_are_refused() -> None:
    with pytest.raises(DataError, match="missing or infinite"):
        trained("regression")[1].model.predict(np.full((2, 10), np.nan))


@tasks
def test_no_rows_give_no_predictions_of_the_right_shape(task: str) -> None:
    dataset, found = trained(task)
    wanted = (2, 0, 10) if task == "classification" else (2, 0)
    assert found.model.predict_members(dataset.features[:0]).shape == wanted


def test_another_schema_is_refused_by_name(tmp_path: Path) -> None:
    record = read_json(saved(tmp_path) / "model.json")
    write_json(tmp_path / "model.json", {**record, "schema_version": 2})
    with pytest.raises(DataError, match="found 2, this foldproof reads 1"):
        ExportedModel.load(tmp_path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    weights = saved(tmp_path) / "members.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(DataError, match="dvc checkout"):
        ExportedModel.load(tmp_path)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"model\.json: no such file"):
        ExportedModel.load(tmp_path)
