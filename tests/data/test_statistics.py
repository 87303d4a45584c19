"""Statistics equal numpy's on the training rows, and no other row has any part in them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from foldproof.config.preprocess import Preprocess
from foldproof.config.split import Split as Section
from foldproof.data.preprocessing import normalise, preprocessing_of
from foldproof.data.splits import Role, Split, make_split
from foldproof.data.statistics import fit_rows, fit_statistics, load_statistics, manifest_of, save_statistics
from foldproof.reproducibility import read_json, sha256
from tests.training.setting import diabetes, digits

AXES = {"feature": (0,), "channel": (0, 2, 3)}
grains = pytest.mark.parametrize("grain", ["feature", "channel"])


@grains
def test_center_and_scale_are_numpys_mean_and_deviation(grain: str) -> None:
    dataset = digits()
    split = make_split(dataset, Section(), 0)
    found = fit_statistics(dataset, split, Preprocess.model_validate({"center": grain, "scale": grain}))
    for index in range(5):
        rows = np.asarray(dataset.features)[split.rows(index, Role.TRAINING)].astype(np.float64)
        mean = np.broadcast_to(rows.mean(AXES[grain], keepdims=True)[0], (1, 8, 8))
        deviation = np.broadcast_to(rows.std(AXES[grain], keepdims=True)[0], (1, 8, 8))
        np.testing.assert_allclose(found.learnt["center"][index], mean, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found.learnt["scale"][index], np.where(deviation == 0, 1, deviation), rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 200), st.floats(-1e6, 1e6), st.floats(1e-4, 1e4))
def test_center_and_scale_are_those_of_the_standard_scaler(seed: int, rows: int, offset: float, spread: float) -> None:
    """Also around offsets that dwarf the spread, and of a column that never varies."""
    draws = np.random.Generator(np.random.Philox(seed))
    features = (offset + spread * draws.normal(size=(rows, 3))).astype(np.float32)
    features[:, 2] = features[0, 2]
    dataset = replace(diabetes(), features=features)
    section = Preprocess(center="feature", scale="feature")
    learnt, _ = fit_rows(dataset, np.arange(rows), section, preprocessing_of(section, dataset.schema))
    center, scale = learnt["center"], learnt["scale"]
    oracle = StandardScaler().fit(features.astype(np.float64))
    np.testing.assert_allclose(center, oracle.mean_, rtol=1e-14, atol=0)
    np.testing.assert_allclose(scale, oracle.scale_, rtol=1e-14, atol=0)
    assert scale[2] == 1


@grains
def test_normalised_training_rows_have_mean_0_and_deviation_1(grain: str) -> None:
    dataset = digits()
    split = make_split(dataset, Section(), 0)
    found = fit_statistics(dataset, split, Preprocess.model_validate({"center": grain, "scale": grain}))
    rows = torch.from_numpy(np.asarray(dataset.features)[split.rows(0, Role.TRAINING)]).double()[None]
    center, scale = (torch.from_numpy(found.learnt[name][:1]) for name in ("center", "scale"))
    normal = normalise(rows, center, scale)[0]
    axes = AXES[grain]
    assert normal.mean(axes).abs().max() < 1e-12
    deviations = normal.std(axes, correction=0)
    assert torch.allclose(deviations[deviations > 0], torch.ones(()).double())


def test_garbage_in_rows_held_out_changes_nothing() -> None:
    for dataset in (digits(), diabetes()):
        split = make_split(dataset, Section(), 0)
        clean = fit_statistics(dataset, split, Preprocess())
        for index in range(5):
            features, targets = np.array(dataset.features), np.array(dataset.targets)
            held_out = split.roles[index] != Role.TRAINING
            features[held_out], targets[held_out] = 200, 7
            dirty = fit_statistics(replace(dataset, features=features, targets=targets), split, Preprocess())
            for name, values in clean.learnt.items():
                assert np.array_equal(values[index], dirty.learnt[name][index])


def test_a_fit_on_all_rows_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = digits()
    split = make_split(dataset, Section(), 0)
    honest = manifest_of(fit_statistics(dataset, split, Preprocess()), split)["rows_sha256"]
    monkeypatch.setattr(Split, "rows", lambda *_: np.arange(len(dataset.features)))
    leaking = manifest_of(fit_statistics(dataset, split, Preprocess()), split)["rows_sha256"]
    assert all(leaking[name] != honest[name] for name in honest)


def test_none_changes_nothing() -> None:
    dataset = digits()
    found = fit_statistics(dataset, make_split(dataset, Section(), 0), Preprocess(center="none", scale="none"))
    assert not found.learnt["center"].any()
    assert (found.learnt["scale"] == 1).all()


def test_numbers_to_predict_are_centred_and_scaled_by_training_rows() -> None:
    dataset = diabetes()
    split = make_split(dataset, Section(), 0)
    found = fit_statistics(dataset, split, Preprocess())
    targets = np.asarray(dataset.targets, dtype=np.float64)[split.rows(2, Role.TRAINING)]
    assert found.learnt["target_center"][2] == pytest.approx(targets.mean())
    assert found.learnt["target_scale"][2] == pytest.approx(targets.std())


def test_the_manifest_holds_the_hash_of_the_rows_that_were_seen(tmp_path: Path) -> None:
    dataset = digits()
    split = make_split(dataset, Section(), 0)
    statistics = fit_statistics(dataset, split, Preprocess())
    save_statistics(statistics, split, tmp_path)
    seen = read_json(tmp_path / "manifest.json")["rows_sha256"]
    assert seen["fold 3"] == sha256(np.flatnonzero(split.roles[3] == Role.TRAINING).astype("<i8").tobytes())
    for name, values in load_statistics(tmp_path).learnt.items():
        assert np.array_equal(values, statistics.learnt[name])
