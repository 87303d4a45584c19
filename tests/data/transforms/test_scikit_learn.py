"""Each transform, and chains of them, equal scikit-learn's fitted on the member's training rows."""

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

from foldproof.config.preprocess import Preprocess
from foldproof.data.dataset import Dataset
from foldproof.data.preprocessing import preprocessing_of
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_rows
from foldproof.data.transforms import stream
from tests.data.transforms.tables import fitted, numbers, seen_by
from tests.training.setting import diabetes, digits

FULL, SPARSE = numbers(), numbers(missing=0.15)
LOG = FunctionTransformer(lambda values: np.sign(values) * np.log1p(np.abs(values)))
YEO_JOHNSON = PowerTransformer(standardize=False)
ORACLES: dict[str, tuple[Dataset, dict[str, Any], Pipeline]] = {
    "standard": (FULL, {}, make_pipeline(StandardScaler())),
    "min_max": (FULL, {"scaler": "min_max"}, make_pipeline(MinMaxScaler())),
    "midrange": (FULL, {"scaler": "midrange"}, make_pipeline(MinMaxScaler((-1, 1)))),
    "robust": (FULL, {"scaler": "robust"}, make_pipeline(RobustScaler())),
    "center alone": (FULL, {"scale": "none"}, make_pipeline(StandardScaler(with_std=False))),
    "log": (FULL, {"power": "log"}, make_pipeline(LOG, StandardScaler())),
    "yeo_johnson": (FULL, {"power": "yeo_johnson"}, make_pipeline(YEO_JOHNSON, StandardScaler())),
    "mean": (SPARSE, {"impute": "mean"}, make_pipeline(SimpleImputer(), StandardScaler())),
    "median": (SPARSE, {"impute": "median"}, make_pipeline(SimpleImputer(strategy="median"), StandardScaler())),
    "most frequent": (
        SPARSE,
        {"impute": "most_frequent"},
        make_pipeline(SimpleImputer(strategy="most_frequent"), StandardScaler()),
    ),
    "pca": (FULL, {"pca": 3}, make_pipeline(StandardScaler(), PCA(3))),
    "pca of raw values": (FULL, {"pca": 5, "center": "none", "scale": "none"}, make_pipeline(PCA(5))),
    "pca of images": (digits(), {"pca": 20}, make_pipeline(StandardScaler(), PCA(20))),
    "whitened": (FULL, {"whiten": "pca", "whiten_epsilon": 0}, make_pipeline(StandardScaler(), PCA(whiten=True))),
    "everything": (
        SPARSE,
        {"power": "yeo_johnson", "impute": "median", "scaler": "robust", "pca": 4},
        make_pipeline(YEO_JOHNSON, SimpleImputer(strategy="median"), RobustScaler(), PCA(4)),
    ),
}


@pytest.mark.parametrize("name", ORACLES)
def test_it_is_scikit_learns_on_the_training_rows(name: str) -> None:
    """Also of rows that were not fitted."""
    dataset, section, oracle = ORACLES[name]
    statistics, split = fitted(dataset, **section)
    for member in (0, 2):
        flat = np.asarray(dataset.features, dtype=np.float64).reshape(len(dataset.features), -1)
        oracle.fit(flat[split.rows(member, Role.TRAINING)])
        for role in (Role.TRAINING, Role.SCORED, Role.TEST):
            rows = split.rows(member, role)
            found = seen_by(statistics, dataset, rows, member).reshape(len(rows), -1)
            np.testing.assert_allclose(found, oracle.transform(flat[rows]), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_share_of_the_variance_takes_as_many_components_as_scikit_learns(share: float) -> None:
    dataset = digits()
    statistics, split = fitted(dataset, pca=share)
    rows = split.rows(1, Role.TRAINING)
    flat = np.asarray(dataset.features, dtype=np.float64)[rows].reshape(len(rows), -1)
    wanted = make_pipeline(StandardScaler(), PCA(share)).fit_transform(flat)
    found = seen_by(statistics, dataset, rows, 1)
    assert found.shape == (len(rows), 64)
    np.testing.assert_allclose(found[:, : wanted.shape[1]], wanted, atol=1e-9)
    assert not found[:, wanted.shape[1] :].any()


@pytest.mark.parametrize("section", [{"whiten": "pca"}, {"whiten": "zca"}, {"whiten": "pca", "pca": 3}])
def test_whitened_training_rows_have_identity_covariance(section: dict[str, Any]) -> None:
    statistics, split = fitted(FULL, whiten_epsilon=0, **section)
    for member in range(3):
        found = seen_by(statistics, FULL, split.rows(member, Role.TRAINING), member)
        np.testing.assert_allclose(np.cov(found.T), np.eye(found.shape[1]), atol=1e-10)
        np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-10)


def test_zca_stays_as_near_to_the_scaled_rows_as_whitening_can() -> None:
    """Its matrix is the inverse square root of the covariance, which alone of all whitenings is symmetric."""
    statistics, _ = fitted(FULL, whiten="zca")
    for matrix in statistics.learnt["directions"]:
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
        assert np.linalg.eigvalsh(matrix).min() > 0


def test_directions_without_variance_are_left_out() -> None:
    """Pixels that are always 0 in training: an image that has something there is not blown up."""
    dataset = digits()
    for whiten in ("pca", "zca"):
        statistics, split = fitted(dataset, whiten=whiten, whiten_epsilon=0)
        bright = np.asarray(dataset.features[:1]).copy()
        constant = dataset.features[split.rows(0, Role.TRAINING)].std(axis=0) == 0
        plain = seen_by(statistics, Dataset(dataset.schema, bright, dataset.targets), np.array([0]), 0)
        bright[0][constant] = 255
        changed = seen_by(statistics, Dataset(dataset.schema, bright, dataset.targets), np.array([0]), 0)
        assert constant.any()
        np.testing.assert_allclose(changed, plain, atol=1e-9)


@pytest.mark.parametrize("name", ORACLES)
def test_what_is_fitted_in_small_chunks_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, values, _ = ORACLES[name]
    section = Preprocess.model_validate(values)
    preprocessing = preprocessing_of(section, dataset.schema)
    rows = np.arange(0, 200, 2)
    whole, _ = fit_rows(dataset, rows, section, preprocessing)
    monkeypatch.setattr(stream, "MOST_NUMBERS", 170)
    pieces, _ = fit_rows(dataset, rows, section, preprocessing)
    assert whole.keys() == pieces.keys()
    for key, value in whole.items():
        np.testing.assert_allclose(pieces[key], value, rtol=1e-7, atol=1e-9)


def test_targets_are_scaled_as_asked() -> None:
    dataset = diabetes()
    found = {name: fitted(dataset, target=name) for name in ("standard", "min_max", "none")}
    for name, (statistics, split) in found.items():
        targets = np.asarray(dataset.targets, dtype=np.float64)[split.rows(1, Role.TRAINING)]
        center, scale = statistics.learnt["target_center"][1], statistics.learnt["target_scale"][1]
        wanted = {
            "standard": (targets.mean(), targets.std()),
            "min_max": (targets.min(), np.ptp(targets)),
            "none": (0, 1),
        }
        assert (center, scale) == pytest.approx(wanted[name], rel=1e-12)
