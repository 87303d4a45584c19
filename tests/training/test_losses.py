"""Losses against scikit-learn, numpy and the worked examples; every row also in double-precision gradient checks."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error
from torch.nn import functional as F

from foldproof.config.loss import LossName
from foldproof.config.train import Train
from foldproof.data.schema import Task
from foldproof.errors import ConfigError
from foldproof.training.losses import LOSSES, LossRow, loss_settings, losses_for, weighted_mean

GENERATOR = np.random.Generator(np.random.Philox(0))
OUTPUTS = torch.from_numpy(GENERATOR.normal(size=(2, 40, 5)))
CLASSES = torch.from_numpy(GENERATOR.integers(0, 5, size=(2, 40)))
NUMBERS = torch.from_numpy(GENERATOR.normal(size=(2, 40)))
WEIGHTS = torch.from_numpy(GENERATOR.uniform(0.1, 3, size=(2, 40)))
SMOOTHING, DELTA, GAMMA = (0.0, 0.2), (0.5, 1.5), (2.0, 0.7)  # of the two members
NONE = {"label_smoothing": torch.zeros(2, dtype=torch.float64)}
ROWS = [(name, task) for name, tasks in LOSSES.items() for task in tasks]
every_row = pytest.mark.parametrize(("name", "task"), ROWS)


def row_of(name: str, task: Task) -> LossRow:
    return LOSSES[name][task]  # type: ignore[index]


def settings(row: LossRow) -> dict[str, torch.Tensor]:
    smoothing = SMOOTHING if row.smooths_labels else (0.0, 0.0)
    values = {"label_smoothing": smoothing, "huber_delta": DELTA, "focal_gamma": GAMMA}
    return {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}


def example(task: Task) -> tuple[torch.Tensor, torch.Tensor]:
    return (OUTPUTS, CLASSES) if task == "classification" else (OUTPUTS[..., :1], NUMBERS)


def minimised(
    row: LossRow, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """What a member minimises, as training and evaluation put it together, `[P]`."""
    return row.of_mean(weighted_mean(row.of_rows(outputs, targets, settings(row)), weights))


def wanted(classes: np.ndarray, member: int) -> np.ndarray:
    return np.asarray((1 - SMOOTHING[member]) * np.eye(5)[classes] + SMOOTHING[member] / 5)


def softmax(outputs: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True))


def sklearn_cross_entropy(outputs: Any, classes: Any, member: int, weight: Any) -> float:
    """A smoothed label is a row of each class, which counts as much as its share."""
    shares = (wanted(classes, member) * np.asarray(weight)[:, None]).ravel()
    return float(
        log_loss(
            np.tile(np.arange(5), 40), np.repeat(softmax(outputs), 5, axis=0), sample_weight=shares, labels=range(5)
        )
    )


def sklearn_one_against_the_rest(outputs: Any, classes: Any, member: int, weight: Any) -> float:
    shares = wanted(classes, member)
    found = 0.0
    for one in range(5):
        is_it = np.repeat([1, 0], 40)
        counted = np.concatenate([shares[:, one], 1 - shares[:, one]]) * np.tile(weight, 2)
        probability = np.tile(1 / (1 + np.exp(-outputs[:, one])), 2)
        found += float(log_loss(is_it, probability, sample_weight=counted))
    return found


def numpy_focal(outputs: Any, classes: Any, member: int, weight: Any) -> float:
    p = softmax(outputs)[np.arange(40), classes]
    return float(np.average(-((1 - p) ** GAMMA[member]) * np.log(p), weights=weight))


def numpy_brier(outputs: Any, classes: Any, member: int, weight: Any) -> float:
    return float(np.average(((softmax(outputs) - wanted(classes, member)) ** 2).mean(1), weights=weight))


def scikit_learns_huber(outputs: Any, numbers: Any, member: int, weight: Any) -> float:
    """Half of the formula in HuberRegressor's documentation, `z^2` or `2 epsilon |z| - epsilon^2`."""
    z, epsilon = np.abs(outputs[:, 0] - numbers), DELTA[member]
    return float(np.average(np.where(z < epsilon, z**2, 2 * epsilon * z - epsilon**2), weights=weight)) / 2


ORACLES: dict[tuple[str, str], Callable[[Any, Any, int, Any], float]] = {
    ("cross_entropy", "classification"): sklearn_cross_entropy,
    ("binary_cross_entropy", "classification"): sklearn_one_against_the_rest,
    ("focal", "classification"): numpy_focal,
    ("mse", "classification"): numpy_brier,
    ("mse", "regression"): lambda o, t, _, w: float(mean_squared_error(t, o[:, 0], sample_weight=w)),
    ("mae", "regression"): lambda o, t, _, w: float(mean_absolute_error(t, o[:, 0], sample_weight=w)),
    ("rmse", "regression"): lambda o, t, _, w: float(mean_squared_error(t, o[:, 0], sample_weight=w)) ** 0.5,
    ("huber", "regression"): scikit_learns_huber,
}


def test_every_name_of_the_params_is_a_row_of_the_table_and_has_its_oracle() -> None:
    assert set(LOSSES) == set(get_args(LossName))
    assert set(ORACLES) == set(ROWS)


@every_row
@pytest.mark.parametrize("weighted", [False, True])
def test_each_member_minimises_what_its_oracle_says(name: str, task: Task, weighted: bool) -> None:
    outputs, targets = example(task)
    found = minimised(row_of(name, task), outputs, targets, WEIGHTS if weighted else None)
    for member in range(2):
        weight = WEIGHTS[member].numpy() if weighted else np.ones(40)
        oracle = ORACLES[name, task](outputs[member].numpy(), targets[member].numpy(), member, weight)
        assert found[member].item() == pytest.approx(oracle, rel=1e-9)


@every_row
def test_gradients_are_those_of_finite_differences(name: str, task: Task) -> None:
    outputs, targets = example(task)
    row = row_of(name, task)
    few = outputs[:, :6].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda o: minimised(row, o, targets[:, :6], WEIGHTS[:, :6]), few)


@every_row
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_and_perfect_outputs_keep_loss_and_gradient_finite(name: str, task: Task, dtype: torch.dtype) -> None:
    row = row_of(name, task)
    own = {key: value.to(dtype) for key, value in settings(row).items()}
    if task == "classification":
        targets = torch.arange(5).expand(2, 5)
        extreme = torch.tensor([1e4, -1e4, 0.0, -1e4, 1e4], dtype=dtype).expand(2, 5, 5)
        perfect = 1e4 * torch.eye(5, dtype=dtype).expand(2, 5, 5)
    else:
        targets = torch.tensor([[1.0, -2.0, 3.0]] * 2, dtype=dtype)
        extreme, perfect = -1e4 * targets.unsqueeze(-1), targets.unsqueeze(-1)
    for outputs in (extreme, perfect):
        leaf = outputs.clone().requires_grad_()
        found = row.of_mean(row.of_rows(leaf, targets, own).mean(1))
        found.sum().backward()
        assert leaf.grad is not None
        assert found.isfinite().all()
        assert leaf.grad.isfinite().all()


@every_row
def test_no_loss_is_above_its_ceiling_and_the_worst_outputs_reach_it(name: str, task: Task) -> None:
    ceiling = row_of(name, task).ceiling(5)
    outputs, targets = example(task)
    far = 1e3 if task == "regression" else 100 * (F.one_hot((targets + 1) % 5, 5) - F.one_hot(targets, 5))
    worst = row_of(name, task).of_rows(outputs + far, targets, {**settings(row_of(name, task)), **NONE})
    if ceiling < torch.inf:
        assert worst.max().item() == pytest.approx(ceiling)
    else:
        assert worst.min() > 50


@every_row
@pytest.mark.parametrize("shape", [(2, 40), (2, 39, 5), (1, 40, 5), (2, 40, 2)])
def test_shapes_that_do_not_fit_are_refused(name: str, task: Task, shape: tuple[int, ...]) -> None:
    targets = example(task)[1]
    if task == "classification" and shape == (2, 40, 2):
        targets = targets.double()
    with pytest.raises(ValueError, match="do not fit"):
        row_of(name, task).of_rows(torch.zeros(shape), targets, settings(row_of(name, task)))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_loss_for_the_other_task_is_refused(task: Task) -> None:
    for name, tasks in LOSSES.items():
        if task not in tasks:
            with pytest.raises(ConfigError, match=rf"train.loss.name: found {name}, legal for {task}: .* or auto"):
                losses_for(Train.model_validate({"loss": name}), (task,))


@every_row
def test_smoothing_is_refused_where_there_is_nothing_to_smooth(name: str, task: Task) -> None:
    train = Train.model_validate({"loss": name, "label_smoothing": 0.1})
    if row_of(name, task).smooths_labels:
        assert losses_for(train, (task,))[0] is row_of(name, task)
        return
    with pytest.raises(ConfigError, match=rf"train.label_smoothing: found 0.1, legal with {name}: 0"):
        losses_for(train, (task,))


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        losses_for(Train.model_validate({"class_weights": "balanced", "label_smoothing": 0.1}), ("regression",))
    assert caught.value.problems == (
        "train.label_smoothing: found 0.1, legal with mse: 0",
        "train.class_weights: found balanced, legal for regression: none",
    )


def test_a_loss_reads_its_own_block_and_no_other() -> None:
    train = Train.model_validate({"loss": {"name": "huber", "huber": {"delta": 2}, "focal": {"gamma": 3}}})
    assert loss_settings(train, "regression") == {"label_smoothing": 0, "huber_delta": 2}
    assert loss_settings(Train(), "classification") == {"label_smoothing": 0}


def test_weights_and_smoothing_are_torchs() -> None:
    weights = torch.tensor([0.5, 1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
    row = row_of("cross_entropy", "classification")
    weighted = weighted_mean(row.of_rows(OUTPUTS, CLASSES, NONE), weights[CLASSES])
    smoothed = minimised(row, OUTPUTS, CLASSES)
    for member in range(2):
        outputs, classes = OUTPUTS[member], CLASSES[member]
        assert torch.allclose(weighted[member], F.cross_entropy(outputs, classes, weights))
        assert torch.allclose(smoothed[member], F.cross_entropy(outputs, classes, label_smoothing=SMOOTHING[member]))


def test_focal_without_focus_is_cross_entropy() -> None:
    without = {"focal_gamma": torch.zeros(2, dtype=torch.float64)}
    found = row_of("focal", "classification").of_rows(OUTPUTS, CLASSES, without)
    assert torch.allclose(found, row_of("cross_entropy", "classification").of_rows(OUTPUTS, CLASSES, NONE))


@pytest.mark.parametrize(("name", "probabilities"), [("cross_entropy", torch.softmax), ("binary_cross_entropy", None)])
def test_the_gradient_is_p_less_onehot(name: str, probabilities: Any) -> None:
    outputs = OUTPUTS.clone().requires_grad_()
    row_of(name, "classification").of_rows(outputs, CLASSES, NONE).sum().backward()
    assert outputs.grad is not None
    p = probabilities(OUTPUTS, -1) if probabilities else OUTPUTS.sigmoid()
    assert torch.allclose(outputs.grad, p - F.one_hot(CLASSES, 5))


def test_a_fair_and_a_loaded_die() -> None:
    fair = torch.full((6,), 1 / 6, dtype=torch.float64)
    loaded = torch.tensor([0.5] + [0.1] * 5, dtype=torch.float64)
    every_face = torch.arange(6)[None]

    def crossed(faces: torch.Tensor, believed: torch.Tensor) -> float:
        """Cross-entropy of a die that shows its faces so often with one that is believed in."""
        row = row_of("cross_entropy", "classification")
        losses = row.of_rows(believed.log().expand(1, 6, 6), every_face, {"label_smoothing": torch.zeros(1).double()})
        return weighted_mean(losses, faces[None]).item()

    assert crossed(fair, fair) == pytest.approx(1.7918, abs=5e-5)
    assert crossed(fair, loaded) == pytest.approx(2.0343, abs=5e-5)
    assert crossed(loaded, loaded) == pytest.approx(1.4979, abs=5e-5)


@pytest.mark.parametrize(("name", "first"), [("cross_entropy", 2.3026), ("binary_cross_entropy", 6.9315)])
def test_the_first_loss_over_ten_classes_at_small_weights(name: str, first: float) -> None:
    """`ln 10` of a softmax, `10 ln 2` of ten sigmoids."""
    losses = row_of(name, "classification").of_rows(
        torch.zeros(1, 8, 10), torch.arange(8)[None], {"label_smoothing": torch.zeros(1)}
    )
    assert losses.mean().item() == pytest.approx(first, abs=5e-5)
