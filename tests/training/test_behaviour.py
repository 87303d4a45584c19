"""What a technique is for, it does: measured on digits over six seeds, which are trained as one population.

Rows are the same for all seeds, so that seeds alone make the spread; what is compared is paired, seed by seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Member, Role, Split
from foldproof.data.statistics import fit_statistics
from foldproof.evaluation.ensembles import ensemble
from foldproof.metrics import METRICS
from foldproof.training.cross_validation import train_members
from tests.training.setting import digits, params

SEEDS = 6
TRAINED = 300
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """Rows with their roles, the same for every seed."""

    dataset: Dataset
    split: Split


def job(rows: Sequence[NDArray[Any]], targets: NDArray[Any]) -> Job:
    """Training, inner-validation and test rows of digits, in this order, with these targets."""
    whole = digits(1797)
    roles = np.repeat([Role.TRAINING, Role.INNER_VALIDATION, Role.SCORED], [len(one) for one in rows]).astype(np.uint8)
    members = tuple(Member(seed, 0, 0) for seed in range(SEEDS))
    dataset = describe("digits", whole.features[np.concatenate(rows)], targets, classes=whole.schema.classes)
    return Job(dataset, Split(members, np.stack([roles] * SEEDS), {}))


@cache
def memorised() -> Job:
    """300 digits, a fifth of them mislabelled, to learn by heart; the others, labelled as they should be, are the test.

    A network is judged by copies of its training rows, so that it is not stopped before it knows them.
    """
    order = np.random.Generator(np.random.Philox(7)).permutation(1797)
    training, test = order[:TRAINED], order[TRAINED:]
    right = digits(1797).targets
    labels = right[training].copy()
    labels[::5] = (labels[::5] + 1 + np.arange(TRAINED // 5) % 9) % 10
    return job((training, training, test), np.concatenate([labels, labels, right[test]]))


@cache
def imbalanced() -> Job:
    """Digits of which many are trained on, but of the 8s only twelve."""
    order = np.random.Generator(np.random.Philox(7)).permutation(1797)
    right = digits(1797).targets
    first, test = order[:900], order[900:]
    kept = np.delete(first, np.flatnonzero(right[first] == 8)[12:])
    rows = (kept[:-200], kept[-200:], test)
    return job(rows, right[np.concatenate(rows)])


def probabilities(chosen: Job, model: Any, augment: Any = None, **train: Any) -> dict[Role, NDArray[Any]]:
    """What each seed's network predicts `[seeds, n, C]` of rows by their role."""
    given_params = params(
        model={"name": "mlp", "dropout": 0, **model},
        augment=augment or {},
        train={
            "epochs": 30,
            "batch_size": 50,
            "accelerator": "cpu",
            "threads": 1,
            "engine": "in_process",
            "optimizer": {"learning_rate": 0.003},
            **train,
        },
    )
    statistics = fit_statistics(chosen.dataset, chosen.split, given_params.preprocess)
    network = train_members(
        chosen.dataset, chosen.split, statistics, given_params.model, given_params.train, given_params.augment
    ).model
    rows = {role: chosen.split.rows(0, role) for role in (Role.TRAINING, Role.SCORED)}
    return {role: network.predict_members(chosen.dataset.features[found]) for role, found in rows.items()}


OVERSIZED = {"normalisation": "none", "mlp": {"hidden": [512]}}


def scores(name: str, chosen: Job, predicted: dict[Role, NDArray[Any]], role: Role) -> Floats:
    """A metric of each seed's predictions."""
    targets = chosen.dataset.targets[chosen.split.rows(0, role)]
    return np.array([METRICS[name].function(targets, one) for one in predicted[role]])


def gap(predicted: dict[Role, NDArray[Any]]) -> Floats:
    """Training accuracy less test accuracy of each seed."""
    return scores("accuracy", memorised(), predicted, Role.TRAINING) - scores(
        "accuracy", memorised(), predicted, Role.SCORED
    )


@cache
def plain() -> dict[Role, NDArray[Any]]:
    return probabilities(memorised(), OVERSIZED)


def test_an_oversized_network_learns_even_wrong_labels_by_heart() -> None:
    assert scores("accuracy", memorised(), plain(), Role.TRAINING).min() > 0.99
    assert gap(plain()).min() > 0.1


@pytest.mark.parametrize(
    ("technique", "changed"),
    [("dropout", {"model": {**OVERSIZED, "dropout": 0.5}}), ("shift", {"model": OVERSIZED, "augment": {"shift": 0.5}})],
)
def test_dropout_and_augmentation_shrink_the_gap_of_every_seed(technique: str, changed: dict[str, Any]) -> None:
    shrunk = gap(plain()) - gap(probabilities(memorised(), **changed))
    assert shrunk.min() > 0, f"{technique}: {shrunk}"
    assert shrunk.mean() > 3 * shrunk.std(ddof=1) / SEEDS**0.5


def test_smoothed_labels_lower_the_confidence_of_every_seed() -> None:
    smoothed = probabilities(memorised(), OVERSIZED, label_smoothing=0.2)
    confidence, calmer = (found[Role.SCORED].max(-1).mean(1) for found in (plain(), smoothed))
    assert (confidence - calmer).min() > 0.05


def test_balanced_weights_raise_the_recall_of_a_rare_class_for_every_seed() -> None:
    chosen = imbalanced()
    targets = chosen.dataset.targets[chosen.split.rows(0, Role.SCORED)]
    small = {"mlp": {"hidden": [16]}}

    def recall(weights: str) -> Floats:
        found = probabilities(chosen, small, class_weights=weights, epochs=15)[Role.SCORED].argmax(-1)
        return np.asarray((found[:, targets == 8] == 8).mean(1))

    raised = recall("balanced") - recall("none")
    assert raised.min() > 0.02, raised


@given(st.data())
def test_the_ensembles_log_loss_is_never_above_its_members_mean(data: st.DataObject) -> None:
    """Jensen's inequality: `-log` is convex."""
    members, rows, classes = (data.draw(st.integers(low, 5)) for low in (1, 1, 2))
    drawn = data.draw(arrays(np.float64, (members, rows, classes), elements=st.floats(1e-6, 1)))
    targets = data.draw(arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    of_each = drawn / drawn.sum(-1, keepdims=True)
    log_loss = METRICS["log_loss"].function
    assert log_loss(targets, ensemble(of_each)) <= np.mean([log_loss(targets, one) for one in of_each]) + 1e-12


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "focal", "mse"])
def test_so_it_is_with_networks_trained_by_any_loss(loss: str, record_property: Any) -> None:
    chosen = memorised()
    predicted = plain() if loss == "cross_entropy" else probabilities(chosen, OVERSIZED, loss=loss, epochs=10)
    together = {Role.SCORED: ensemble(predicted[Role.SCORED])[None]}
    (joint,) = scores("log_loss", chosen, together, Role.SCORED)
    assert joint <= scores("log_loss", chosen, predicted, Role.SCORED).mean()
    accuracies = scores("accuracy", chosen, predicted, Role.SCORED)
    record_property("accuracy of the ensemble", scores("accuracy", chosen, together, Role.SCORED).item())
    record_property("accuracy of its members", f"{accuracies.mean():.4f} +- {accuracies.std(ddof=1):.4f}")
