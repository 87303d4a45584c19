"""Training through every preprocessing: random labels stay at chance, and what is exported predicts as evaluated."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import fit_statistics, load_statistics, save_statistics
from foldproof.errors import DataError
from foldproof.model.exported import ExportedModel
from foldproof.training.cross_validation import Trained, train_members
from tests.data.transforms.sections import CHOICES
from tests.data.transforms.tables import mixed, numbers
from tests.training.setting import diabetes, params, split_of

LEAST_PROBABLE = 1e-4  # of as many hits by guessing, for each of some twenty choices
every_choice = pytest.mark.parametrize("choice", CHOICES)


def trained(dataset: Dataset, section: dict[str, Any], epochs: int = 6) -> tuple[Split, Trained]:
    chosen = params(
        split={"folds": 3},
        preprocess=section,
        model={"name": "linear"},
        train={"epochs": epochs, "batch_size": 32, "accelerator": "cpu", "optimizer": {"learning_rate": 0.03}},
    )
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    return split, train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)


@cache
def guessing(choice: str) -> tuple[Dataset, Split, Trained]:
    """Trained on 300 rows whose labels were dealt anew: whoever is right more often than not has seen the answers."""
    dataset = mixed(300)
    dealt = np.random.Generator(np.random.Philox(5)).permutation(dataset.targets)
    dataset = replace(dataset, targets=dealt)
    return dataset, *trained(dataset, CHOICES[choice])


@every_choice
def test_random_labels_are_predicted_no_better_than_by_guessing(choice: str) -> None:
    """Hits among the out-of-fold predictions, against the share of the larger class (one-sided binomial test)."""
    dataset, split, found = guessing(choice)
    truths = [dataset.targets[split.rows(index, Role.SCORED)] for index in range(3)]
    hits = sum(int((one.argmax(1) == truth).sum()) for one, truth in zip(found.out_of_fold, truths, strict=True))
    answers = np.concatenate(truths)
    chance = max(answers.mean(), 1 - answers.mean())
    assert stats.binomtest(hits, len(answers), chance, alternative="greater").pvalue > LEAST_PROBABLE


@every_choice
def test_an_exported_model_predicts_held_out_rows_as_training_evaluated_them(choice: str, tmp_path: Path) -> None:
    dataset, split, found = guessing(choice)
    found.model.save(tmp_path)
    loaded = ExportedModel.load(tmp_path)
    predicted = loaded.predict_lists(dataset.features, [split.rows(index, Role.SCORED) for index in range(3)])
    for one, other in zip(predicted, found.out_of_fold, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def test_what_was_never_seen_is_predicted_from_what_is_known() -> None:
    """Missing numbers and unknown categories at serving, in every column: probabilities as ever."""
    dataset, _, found = guessing("default")
    strange = np.array(dataset.features[:7])
    strange[0, 2], strange[1, 1], strange[2, 4], strange[3, 4], strange[4, [1, 2, 4]] = np.nan, -1, -1, np.nan, np.nan
    predicted = found.model.predict(strange)
    assert np.isfinite(predicted).all()
    np.testing.assert_allclose(predicted.sum(1), 1, rtol=1e-6)
    strange[0, 0] = np.inf
    with pytest.raises(DataError, match=r"infinite values in rows 0, counted from 0"):
        found.model.predict(strange)


def test_missing_values_of_a_model_that_met_none_are_refused_with_their_rows() -> None:
    dataset = numbers(100)
    _, found = trained(dataset, {}, epochs=1)
    rows = np.array(dataset.features[:5])
    rows[3, 1] = np.nan
    with pytest.raises(DataError, match=r"values in rows 3, counted from 0; no training row lacked 'x1'"):
        found.model.predict(rows)


@pytest.mark.parametrize("target", ["standard", "min_max", "none"])
def test_numbers_are_predicted_in_their_own_units(target: str) -> None:
    """However they are scaled while they are learnt: about as large as the targets, once they are near them."""
    dataset = diabetes()
    _, found = trained(dataset, {"target": target}, epochs=1)
    center, scale = (found.model.statistics[f"target_{name}"] for name in ("center", "scale"))
    members = found.model.predict_members(dataset.features[:20])
    near = {"standard": 4.0, "min_max": 4.0, "none": 1e3}[target]
    assert np.isfinite(members).all()
    assert (np.abs(members - center.numpy()[:, None]) < near * scale.numpy()[:, None]).all()


def test_statistics_come_back_from_disk_with_the_hashes_of_their_rows(tmp_path: Path) -> None:
    dataset = mixed()
    chosen = params(split={"folds": 11, "stratify": False}, preprocess=CHOICES["all at once"])
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    save_statistics(statistics, split, tmp_path)
    loaded = load_statistics(tmp_path)
    assert loaded.seen == statistics.seen
    assert loaded.preprocessing == statistics.preprocessing
    assert all(np.array_equal(loaded.learnt[name], value, equal_nan=True) for name, value in statistics.learnt.items())
