"""Views of images and masks of dropout: by hand, by numpy, and by a plain network; refused where they do not fit."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.setting import diabetes, digits, params, split_of

from foldproof.config.evaluate import AtTestTime
from foldproof.data.dataset import Dataset
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError
from foldproof.evaluation.test_time import (
    joined_spread,
    mirrored,
    moved,
    over_masks,
    over_views,
    refuse_masks_that_mask_nothing,
    views_of,
)
from foldproof.model.exported import CHUNK, ExportedModel
from foldproof.training.cross_validation import train_members

DIGITS = digits(200)


@cache
def model(dropout: float = 0.4, normalisation: str = "batch") -> ExportedModel:
    chosen = params(
        split={"folds": 2},
        model={"name": "mlp", "normalisation": normalisation, "mlp": {"hidden": [8]}, "dropout": dropout},
        train={"epochs": 2, "batch_size": 16, "accelerator": "cpu"},
    )
    split = split_of(DIGITS, chosen)
    statistics = fit_statistics(DIGITS, split, chosen.preprocess)
    return train_members(DIGITS, split, statistics, chosen.model, chosen.train, chosen.augment).model


def everyone(rows: int) -> np.ndarray:
    return np.broadcast_to(np.arange(rows), (2, rows))


IMAGE = torch.tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])[None, None, None]


def test_views_by_hand() -> None:
    assert mirrored(IMAGE)[0, 0, 0].tolist() == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]
    assert moved(IMAGE, 1, 0)[0, 0, 0].tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert moved(IMAGE, 0, -2)[0, 0, 0].tolist() == [[3, 0, 0], [6, 0, 0], [9, 0, 0]]
    assert moved(IMAGE, 0, 0).equal(IMAGE)


@pytest.mark.parametrize(("flips", "shifts", "count"), [(False, 0, 1), (True, 0, 2), (False, 2, 5), (True, 1, 10)])
def test_the_views_are_all_different_and_the_first_is_the_image(flips: bool, shifts: int, count: int) -> None:
    seen = [view(IMAGE) for view in views_of(AtTestTime(flips=flips, shifts=shifts), DIGITS.schema)]
    assert len(seen) == count
    assert seen[0].equal(IMAGE)
    assert len({tuple(one.flatten().tolist()) for one in seen}) == count


def test_the_mean_over_views_is_the_mean_of_predictions_of_rows_changed_by_numpy() -> None:
    features = np.asarray(DIGITS.features[:30])
    up = np.zeros_like(features)
    up[..., :-1, :] = features[..., 1:, :]
    down = np.zeros_like(features)
    down[..., 1:, :] = features[..., :-1, :]
    left, right = np.zeros_like(features), np.zeros_like(features)
    left[..., :-1] = features[..., 1:]
    right[..., 1:] = features[..., :-1]
    wanted = np.mean([model().predict_members(one) for one in (features, up, down, left, right)], axis=0)
    found = over_views(model(), features, everyone(30), views_of(AtTestTime(shifts=1), DIGITS.schema))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_one_view_is_the_plain_prediction() -> None:
    found = over_views(model(), DIGITS.features, everyone(40), views_of(AtTestTime(), DIGITS.schema))
    np.testing.assert_array_equal(found, model().predict_members(DIGITS.features[:40]))


def test_masks_are_reproducible_differ_between_passes_and_leave_running_averages_alone() -> None:
    rows = everyone(50)
    before = {name: value.clone() for name, value in model().buffers.items()}
    first, second = (model().predict_snapshots(DIGITS.features, rows, mask=0) for _ in range(2))
    other = model().predict_snapshots(DIGITS.features, rows, mask=1)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 0.01
    assert all(value.equal(before[name]) for name, value in model().buffers.items())
    np.testing.assert_array_equal(
        model().predict_rows(DIGITS.features, rows), model().predict_snapshots(DIGITS.features, rows)[:, 0]
    )


def test_rows_far_apart_have_masks_of_their_own() -> None:
    """One row again and again, more often than are predicted at a time."""
    again = np.zeros((2, CHUNK + 20), dtype=np.int64)
    found = model().predict_snapshots(DIGITS.features, again, mask=0)[:, 0]
    assert np.abs(found[:, :20] - found[:, CHUNK:]).max() > 0.01


def test_mean_and_spread_over_masks_are_those_of_numpy() -> None:
    rows = everyone(20)
    drawn = np.stack([model().predict_snapshots(DIGITS.features, rows, mask=mask)[:, 0] for mask in range(12)])
    means, spreads = over_masks(model(), DIGITS.features, rows, 12)
    np.testing.assert_allclose(means, drawn.astype(np.float64).mean(0), atol=1e-7)
    np.testing.assert_allclose(spreads, drawn.astype(np.float64).std(0, ddof=1), atol=1e-7)
    assert spreads.max() > 0.01


def test_masks_of_a_network_without_dropout_change_nothing() -> None:
    plain = model(dropout=0.0)
    rows = everyone(20)
    np.testing.assert_array_equal(
        plain.predict_snapshots(DIGITS.features, rows, mask=3), plain.predict_snapshots(DIGITS.features, rows)
    )
    assert not plain.draws
    assert model().draws
    with pytest.raises(ConfigError, match="found 20, legal for a network that drops nothing: 0"):
        refuse_masks_that_mask_nothing(20, plain.draws)
    refuse_masks_that_mask_nothing(0, plain.draws)


def test_a_loaded_model_draws_the_same_masks(tmp_path: Path) -> None:
    model().save(tmp_path)
    loaded = ExportedModel.load(tmp_path)
    rows = everyone(20)
    np.testing.assert_array_equal(
        loaded.predict_snapshots(DIGITS.features, rows, mask=5),
        model().predict_snapshots(DIGITS.features, rows, mask=5),
    )


def test_the_spread_of_a_mixture_is_that_of_all_its_draws() -> None:
    draws = np.random.Generator(np.random.Philox(3)).normal(size=(4, 500, 7)) * np.arange(1, 5)[:, None, None]
    found = joined_spread(draws.mean(axis=1), draws.std(axis=1))
    np.testing.assert_allclose(found, draws.reshape(2000, 7).std(axis=0))


@pytest.mark.parametrize(
    ("dataset", "section", "told"),
    [
        (diabetes(), AtTestTime(flips=True), "flips: found true, legal for a table: false"),
        (diabetes(), AtTestTime(shifts=2), "shifts: found 2, legal for this table: 0"),
        (DIGITS, AtTestTime(shifts=8), "shifts: found 8, legal for this image: 0 to 7 pixels"),
    ],
)
def test_views_that_do_not_fit_are_refused(dataset: Dataset, section: AtTestTime, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        views_of(section, dataset.schema)
