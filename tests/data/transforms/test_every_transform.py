"""What holds for every choice of section `preprocess`, on tables with everything in them and on images."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from foldproof.config.preprocess import Preprocess
from foldproof.data.dataset import Dataset, complete
from foldproof.data.preprocessing import Preprocessing
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import Statistics, fit_statistics
from tests.data.transforms.sections import choices_of
from tests.data.transforms.tables import FOLDS, fitted, mixed, seen_by
from tests.training.setting import digits


def pooled(dataset: Dataset) -> Dataset:
    """Images of a quarter of the pixels, so that a power is found for each in good time."""
    features = np.asarray(dataset.features)[:, :, 1::2, 1::2]
    return complete(Dataset(replace(dataset.schema, shape=features.shape[1:]), features.copy(), dataset.targets))


DATA = {"table": mixed(), "images": pooled(digits(120))}
CHOICES = {name: choices_of(dataset.schema.kind) for name, dataset in DATA.items()}
JOBS = [(name, choice) for name in DATA for choice in CHOICES[name]]
every_choice = pytest.mark.parametrize(("name", "choice"), JOBS, ids=[" ".join(job) for job in JOBS])


@cache
def fitted_by(name: str, choice: str) -> tuple[Statistics, Split]:
    return fitted(DATA[name], **CHOICES[name][choice])


def tensors(statistics: Statistics, members: slice, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value[members]).to(dtype) for name, value in statistics.learnt.items()}


def garbage(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """Values that no honest row has, some of them missing; categories are others of the data."""
    features = np.array(dataset.features)
    categories = [column.kind == "category" for column in dataset.schema.columns]
    for place in range(features.shape[1]):
        is_category = bool(categories) and categories[place]
        features[rows, place] = 0 if is_category else 200
    if dataset.schema.kind == "table":
        features[rows[::2], 2] = np.nan
    return replace(dataset, features=features, targets=np.array(dataset.targets)[::-1].copy())


@every_choice
def test_garbage_in_rows_held_out_changes_nothing_that_is_learnt(name: str, choice: str) -> None:
    dataset = DATA[name]
    clean, split = fitted_by(name, choice)
    section = Preprocess.model_validate(CHOICES[name][choice])
    for member in (0, 2):
        held_out = np.flatnonzero(split.roles[member] != Role.TRAINING)
        dirty = fit_statistics(garbage(dataset, held_out), split, section)
        assert dirty.seen == clean.seen
        for key, value in clean.learnt.items():
            assert np.array_equal(dirty.learnt[key][member], value[member], equal_nan=True)


@every_choice
def test_a_member_alone_is_given_what_it_is_given_among_others(name: str, choice: str) -> None:
    dataset = DATA[name]
    statistics, split = fitted_by(name, choice)
    rows = split.rows(1, Role.SCORED)[:20]
    raw = torch.from_numpy(np.asarray(dataset.features[rows], dtype=np.float64))
    stacked = statistics.preprocessing(raw.expand(FOLDS, *raw.shape), tensors(statistics, slice(None), torch.float64))
    assert stacked.shape == (FOLDS, len(rows), *statistics.preprocessing.inputs.shape)
    np.testing.assert_allclose(seen_by(statistics, dataset, rows, 1), stacked[1].numpy(), rtol=1e-12, atol=1e-12)


@every_choice
def test_rows_as_strange_as_may_be_are_finite_in_float32(name: str, choice: str) -> None:
    """Unseen categories, values far out and missing ones, of a model that learnt what to put there."""
    dataset = DATA[name]
    statistics, _ = fitted_by(name, choice)
    features = np.array(dataset.features[:6]).astype(np.float32)
    if dataset.schema.kind == "table":
        features[0], features[1], features[2], features[3] = -1, np.nan, 1e6, -1e6
        features[2:4, [1, 4]] = -1
    raw = torch.from_numpy(features).expand(FOLDS, *features.shape)
    found = statistics.preprocessing(raw, tensors(statistics, slice(None), torch.float32))
    assert found.dtype == torch.float32
    assert found.isfinite().all()
    sizes = statistics.preprocessing.inputs.coded
    if sizes:
        codes = found[..., -len(sizes) :]
        assert torch.equal(codes, codes.round())
        assert (codes >= 0).all()
        assert (codes < torch.tensor(sizes)).all()


@every_choice
def test_float32_is_near_float64(name: str, choice: str) -> None:
    dataset = DATA[name]
    statistics, split = fitted_by(name, choice)
    rows = split.rows(0, Role.TRAINING)
    raw = torch.from_numpy(np.asarray(dataset.features[rows], dtype=np.float32))[None]
    found = statistics.preprocessing(raw, tensors(statistics, slice(1), torch.float32))[0]
    wanted = seen_by(statistics, dataset, rows, 0)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=2e-3, atol=2e-3 * max(1.0, np.abs(wanted).max()))


@every_choice
def test_what_serving_needs_survives_json(name: str, choice: str) -> None:
    preprocessing = fitted_by(name, choice)[0].preprocessing
    assert Preprocessing.from_dict(preprocessing.to_dict()) == preprocessing


def test_the_default_is_one_affine_map() -> None:
    """No other step is made where nothing else is asked for, whatever the default of the other keys."""
    statistics, _ = fitted(digits())
    assert statistics.preprocessing.steps == ("scaling",)
    assert statistics.preprocessing.columns is None
    assert set(statistics.learnt) == {"center", "scale", "target_center", "target_scale"}
