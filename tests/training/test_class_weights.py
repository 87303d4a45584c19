"""Class weights are scikit-learn's, from a member's own training rows, in training and where it is judged by."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from torch.nn import functional as F

from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.preprocessing import Inputs, normalise
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.model.build import build
from foldproof.training.class_weights import CLASS_WEIGHTS, balanced
from foldproof.training.cross_validation import train_members
from foldproof.training.events import EpochEnded, Event
from foldproof.training.members import key_of_member, make_population
from tests.training.setting import digits, params, split_of


def rare() -> Dataset:
    """Digits of which the 3s are rare."""
    whole = digits(900)
    kept = np.delete(np.arange(900), np.flatnonzero(whole.targets == 3)[12:])
    return describe("rare", whole.features[kept], whole.targets[kept], classes=whole.schema.classes)


def job(**train: Any) -> Any:
    return params(
        split={"folds": 3},
        model={"name": "mlp", "dropout": 0, "normalisation": "none", "mlp": {"hidden": [8]}},
        train={"epochs": 1, "class_weights": "balanced", "accelerator": "cpu", "precision": "fp64", **train},
    )


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60).filter(lambda drawn: len(set(drawn)) > 1))
def test_balanced_weights_are_scikit_learns(drawn: list[int]) -> None:
    targets = np.array(drawn)
    present = np.unique(targets)
    wanted = compute_class_weight("balanced", classes=present, y=targets)
    found = balanced(targets, 5)
    np.testing.assert_allclose(found[present] / found[present[0]], wanted / wanted[0])
    counted = found[targets]
    for label in present:
        assert counted[targets == label].sum() == pytest.approx(counted.sum() / len(present))


def test_a_class_that_training_rows_lack_counts_as_one_that_is_there_once() -> None:
    found = balanced(np.array([0, 0, 0, 1]), 3)
    assert found[2] == found[1] == 3 * found[0]


def test_no_weights_are_kept_where_there_are_none() -> None:
    assert CLASS_WEIGHTS["none"] is None
    dataset, chosen = rare(), job(class_weights="none")
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    population = make_population(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)
    assert "class_weights" not in population.settings


def trained(chosen: Any, dataset: Dataset) -> tuple[Any, Any, EpochEnded]:
    split, seen = split_of(dataset, chosen), list[Event]()
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    found = train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment, [seen.append])
    (epoch,) = [event for event in seen if isinstance(event, EpochEnded)]
    return split, found.model, epoch


def weights_of(targets: NDArray[Any], rows: NDArray[Any], training: NDArray[Any]) -> NDArray[Any]:
    """What scikit-learn weighs rows by, having seen the training rows."""
    in_training = compute_sample_weight("balanced", targets[training])
    of_class = dict(zip(targets[training].tolist(), in_training, strict=True))
    return np.array([of_class[label] for label in targets[rows].tolist()])


def test_a_member_is_judged_by_the_loss_weighted_as_its_own_training_rows_say() -> None:
    dataset, chosen = rare(), job(label_smoothing=0.1)
    split, model, epoch = trained(chosen, dataset)
    targets = np.asarray(dataset.targets)
    for member in range(3):
        rows = split.rows(member, Role.INNER_VALIDATION)
        predicted = model.predict_rows(dataset.features, np.stack([rows] * 3))[member].astype(np.float64)
        weights = weights_of(targets, rows, split.rows(member, Role.TRAINING))
        wanted = log_loss(
            targets[rows], predicted / predicted.sum(1, keepdims=True), sample_weight=weights, labels=range(10)
        )
        assert epoch.inner_validation_loss[member] == pytest.approx(wanted, rel=1e-5)


def test_a_step_minimises_torchs_weighted_cross_entropy() -> None:
    """One step over all training rows: its loss is that of the plain initial network under torch's own weights."""
    dataset = rare()
    split = split_of(dataset, job())
    sizes = [len(split.rows(member, Role.TRAINING)) for member in range(3)]
    member = int(np.argmin(sizes))
    chosen = job(batch_size=sizes[member])
    _, _, epoch = trained(chosen, dataset)
    rows = split.rows(member, Role.TRAINING)
    targets = np.asarray(dataset.targets[rows])
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    center, scale = (
        torch.from_numpy(array[member : member + 1])
        for array in (statistics.learnt["center"], statistics.learnt["scale"])
    )
    network = (
        build(chosen.model, Inputs(dataset.schema.shape), 10, key_of_member(split.members[member])).eval().double()
    )
    with torch.no_grad():
        outputs = network(normalise(torch.from_numpy(dataset.features[rows])[None].double(), center, scale)[0])
    weights = torch.from_numpy(compute_class_weight("balanced", classes=np.arange(10), y=targets))
    wanted = F.cross_entropy(outputs, torch.from_numpy(targets), weights)
    assert epoch.training_loss[member] == pytest.approx(wanted.item(), rel=1e-9)
