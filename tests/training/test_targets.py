"""Several targets on one trunk, and weights of rows: losses and gradients are plain torch's and scikit-learn's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor, nn
from torch.nn import functional as F

from foldproof.config.train import Train
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.schema import Target
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError, DataError
from foldproof.model.build import build
from foldproof.model.exported import ExportedModel
from foldproof.model.stacked import stack
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.events import EpochEnded, Event
from foldproof.training.fit import fit
from foldproof.training.heads import apart, heads_for, target_weights, together
from foldproof.training.kept import Kept
from foldproof.training.members import key_of_member, make_data, make_population, make_recipe
from foldproof.training.population import Population
from tests.training.setting import digits, digits_twice, fit_together, params, split_of

TWO = digits_twice(200)
TARGETS = (Target("digit", "classification", ("a", "b", "c")), Target("ink", "regression"))


def job(**train: Any) -> Any:
    section = {"accelerator": "cpu", "precision": "fp64", "epochs": 4, "batch_size": 16, **train}
    return params(split={"folds": 2}, model={"name": "mlp", "dropout": 0.2, "mlp": {"hidden": [8]}}, train=section)


def plain_job(**train: Any) -> Any:
    """Without anything but layers, and a step an epoch."""
    section = {"optimizer": {"name": "gradient_descent", "learning_rate": 0.05}, "batch_size": "full", **train}
    model = {"name": "mlp", "dropout": 0, "normalisation": "none", "mlp": {"hidden": [8]}}
    return job(**section).model_copy(update={"model": params(model=model).model})


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_steps_are_those_of_plain_torch(weighted: bool, class_weights: str) -> None:
    dataset = TWO if weighted else replace(TWO, weights=None)
    chosen = plain_job(target_weights={"ink": 0.3}, class_weights=class_weights)
    split = split_of(dataset, chosen)
    kept = fit_together(dataset, split, chosen, (0,))
    assert kept.best_epoch[0] > 0
    network = plain_network(dataset, split, chosen)
    inputs, digit, ink, counts = rows_of(dataset, split, Role.TRAINING)
    of_class = torch.ones(10, dtype=torch.float64)
    if class_weights == "balanced":
        of_class = torch.from_numpy(compute_class_weight("balanced", classes=np.arange(10), y=digit.numpy()))
    descent = torch.optim.SGD(network.parameters(), 0.05)
    for _ in range(kept.best_epoch[0] + 1):
        outputs = network(inputs)
        own = F.cross_entropy(outputs[:, :10], digit, reduction="none")
        of_digit = (own * counts * of_class[digit]).sum() / (counts * of_class[digit]).sum()
        of_ink = (counts * (outputs[:, 10] - ink) ** 2).sum() / counts.sum()
        descent.zero_grad()
        (of_digit + 0.3 * of_ink).backward()
        descent.step()
    _, wanted, _ = stack([network])
    torch.testing.assert_close(kept.weights.matrix, wanted.detach(), rtol=1e-9, atol=1e-11)


def plain_network(dataset: Dataset, split: Split, chosen: Any) -> nn.Module:
    inputs = fit_statistics(dataset, split, chosen.preprocess).preprocessing.inputs
    return build(chosen.model, inputs, dataset.schema.outputs, key_of_member(split.members[0])).double().eval()


def rows_of(dataset: Dataset, split: Split, role: Role) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Scaled features, digits, scaled ink and weights of the first member's rows, by scikit-learn's statistics."""
    training, rows = split.rows(0, Role.TRAINING), split.rows(0, role)
    flat = dataset.features.reshape(len(dataset.features), -1).astype(np.float64)
    ink = dataset.targets[:, 1:].astype(np.float64)
    scaled, wanted = (StandardScaler().fit(one[training]).transform(one[rows]) for one in (flat, ink))
    counts = np.ones(len(rows)) if dataset.weights is None else dataset.weights[rows].astype(np.float64)
    images = torch.from_numpy(scaled.reshape(len(rows), *dataset.schema.shape))
    digit = torch.from_numpy(dataset.targets[rows, 0].astype(np.int64))
    return images, digit, torch.from_numpy(wanted[:, 0]), torch.from_numpy(counts)


def test_gradients_of_the_targets_add_up_at_the_trunk() -> None:
    draws = torch.Generator().manual_seed(0)
    trunk = torch.randn(1, 6, 5, dtype=torch.float64, generator=draws, requires_grad=True)
    layer = torch.randn(5, 4, dtype=torch.float64, generator=draws)
    targets = torch.stack([torch.tensor([[0.0, 2, 1, 1, 0, 2]]), torch.randn(1, 6, generator=draws)], -1).double()
    train = Train(target_weights={"digit": 2.0, "ink": 0.25})
    heads = heads_for(train, TARGETS)
    settings = {
        "label_smoothing": torch.zeros(1, dtype=torch.float64),
        "target_weights": torch.tensor([target_weights(train, TARGETS)], dtype=torch.float64),
    }
    statistics = {
        "target_center": torch.tensor([[0.0, 0.4]], dtype=torch.float64),
        "target_scale": torch.tensor([[1.0, 1.7]], dtype=torch.float64),
    }
    each = apart(heads, trunk @ layer, targets)
    means = [head.mean_loss(own, wanted, None, None, settings, statistics) for head, own, wanted in each]
    (found,) = torch.autograd.grad(together(means, settings).sum(), trunk)

    hidden = trunk.detach()[0].requires_grad_()
    of_digit = F.cross_entropy((hidden @ layer)[:, :3], targets[0, :, 0].long())
    of_ink = F.mse_loss((hidden @ layer)[:, 3], (targets[0, :, 1] - 0.4) / 1.7)
    (one,), (other,) = (torch.autograd.grad(loss, hidden) for loss in (of_digit, of_ink))
    torch.testing.assert_close(found[0], 2 * one + 0.25 * other)


def test_a_target_that_counts_nothing_leaves_the_training_on_the_other_as_it_is() -> None:
    chosen = job(target_weights={"ink": 0.0}, epochs=6)
    split = split_of(TWO, chosen)
    alone, both = (population_of(dataset, split, chosen) for dataset in (TWO.view(0), TWO))
    slices = {name: first_outputs(name, both, alone) for name in alone.network.layout.unfold(alone.matrix)}
    alone = alone.trained(alone.network.layout.fold(slices), alone.buffers)
    found, wanted = (fitted(*one, split, chosen) for one in ((TWO, both), (TWO.view(0), alone)))
    assert found.best_epoch == wanted.best_epoch
    after = both.trained(found.weights.matrix, found.weights.buffers)
    for name, value in alone.network.layout.unfold(wanted.weights.matrix).items():
        torch.testing.assert_close(first_outputs(name, after, alone), value, rtol=1e-8, atol=1e-10)


def population_of(dataset: Dataset, split: Split, chosen: Any) -> Population:
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    train = chosen.train
    if len(dataset.schema.targets) == 1:
        train = train.model_copy(update={"target_weights": {}})
    return make_population(dataset, split, statistics, chosen.model, train, chosen.augment)


def first_outputs(name: str, both: Population, alone: Population) -> Tensor:
    """A parameter of the network with both targets, cut to the outputs that the other network has."""
    wide, narrow = (one.network.layout.unfold(one.matrix)[name] for one in (both, alone))
    return wide[:, : narrow.shape[1]]


def fitted(dataset: Dataset, population: Population, split: Split, chosen: Any) -> Kept:
    several = len(dataset.schema.targets) > 1
    train = chosen.train if several else chosen.train.model_copy(update={"target_weights": {}})
    steps = split.steps_per_epoch(train.batch_size)
    data = make_data(dataset, split, (0, 1), train.batch_size, steps)
    return fit(population, data, make_recipe(dataset.schema.targets, train), "cpu", "fp64", [])


def trained(dataset: Dataset, chosen: Any) -> tuple[Split, Trained, list[EpochEnded]]:
    split, seen = split_of(dataset, chosen), list[Event]()
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    found = train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment, [seen.append])
    return split, found, [event for event in seen if isinstance(event, EpochEnded)]


def test_a_member_stops_by_the_loss_of_all_and_is_scored_by_the_first(tmp_path: Path) -> None:
    """The oracle: scikit-learn's losses of what the exported model predicts of the inner-validation rows."""
    split, found, (epoch,) = trained(TWO, job(epochs=1, target_weights={"digit": 0.5, "ink": 3.0}))
    found.model.save(tmp_path)
    model = ExportedModel.load(tmp_path)
    rows = split.rows(0, Role.INNER_VALIDATION)
    predicted = model.predict_rows(TWO.features, np.stack([rows] * 2))[0].astype(np.float64)
    digit, ink = TWO.schema.apart(predicted)
    counts, targets = TWO.weights[rows], TWO.targets[rows]  # type: ignore[index]
    scale = TWO.targets[split.rows(0, Role.TRAINING), 1].astype(np.float64).std()
    shares = digit / digit.sum(1, keepdims=True)
    of_digit = log_loss(targets[:, 0], shares, sample_weight=counts, labels=range(10))
    of_ink = mean_squared_error(targets[:, 1] / scale, ink / scale, sample_weight=counts)
    assert epoch.inner_validation_loss[0] == pytest.approx(0.5 * of_digit + 3 * of_ink, rel=1e-5)
    assert epoch.inner_validation_score[0] == pytest.approx((digit.argmax(1) == targets[:, 0]).mean())


def test_what_is_served_is_what_was_trained_target_by_target(tmp_path: Path) -> None:
    split, found, _ = trained(TWO, job())
    found.model.save(tmp_path)
    model = ExportedModel.load(tmp_path)
    everything = model.predict_members(TWO.features)
    assert everything.shape == (2, 200, 11)
    np.testing.assert_array_equal(everything[0, split.rows(0, Role.SCORED)], found.out_of_fold[0])
    digit, ink = TWO.schema.apart(everything)
    assert (digit.shape, ink.shape) == ((2, 200, 10), (2, 200))
    np.testing.assert_allclose(digit.sum(-1), 1, rtol=1e-5)
    for place, own in enumerate((digit, ink)):
        np.testing.assert_array_equal(model.alone(place).predict_members(TWO.features), own)


def test_numbers_are_centred_and_scaled_each_by_the_members_statistics() -> None:
    split = split_of(TWO, job())
    learnt = fit_statistics(TWO, split, job().preprocess).learnt
    for member in range(2):
        scaler = StandardScaler().fit(TWO.targets[split.rows(member, Role.TRAINING), 1:].astype(np.float64))
        np.testing.assert_allclose(learnt["target_center"][member], [0, scaler.mean_[0]])
        np.testing.assert_allclose(learnt["target_scale"][member], [1, scaler.scale_[0]])


def test_a_named_loss_is_that_of_the_targets_whose_task_has_it() -> None:
    def losses(**train: Any) -> list[Any]:
        return [head.loss.of_rows.__name__ for head in heads_for(Train.model_validate(train), TARGETS)]

    assert losses() == ["cross_entropy", "squared_error"]
    assert losses(loss="huber") == ["cross_entropy", "huber"]
    assert losses(loss="focal") == ["focal", "squared_error"]
    assert losses(loss="mse") == ["squared_error_of_probabilities", "squared_error"]
    assert [head.outputs for head in heads_for(Train(), TARGETS)] == [slice(0, 3), slice(3, 4)]


@pytest.mark.parametrize(
    ("train", "targets", "told"),
    [
        ({"target_weights": {"inc": 2.0}}, TARGETS, r"target_weights: name of a target: found 'inc'.*mean 'ink'"),
        ({"target_weights": {"digit": 0.0, "ink": 0.0}}, TARGETS, "target_weights: found 0 for every target, legal"),
        ({"target_weights": {"ink": 2.0}}, TARGETS[1:], "target_weights: found .*, legal with one target: none"),
        ({"loss": "huber"}, TARGETS[:1], "loss.name: found huber, legal for classification: "),
        ({"loss": "focal", "label_smoothing": 0.1}, TARGETS, "label_smoothing: found 0.1, legal with focal, mse: 0"),
        ({"class_weights": "balanced"}, TARGETS[1:], "class_weights: found balanced, legal for regression: none"),
    ],
)
def test_what_does_not_fit_the_targets_is_refused(train: Any, targets: tuple[Target, ...], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        heads_for(Train.model_validate(train), targets)


def test_a_negative_weight_is_refused_with_its_name() -> None:
    with pytest.raises(ConfigError, match=r"train.target_weights.ink: found -1.*legal: a number >= 0"):
        params(train={"target_weights": {"ink": -1.0}})


def test_targets_are_described_by_name_or_numbered() -> None:
    one = digits(40)
    two = describe("d", one.features, np.stack([one.targets, one.targets % 2], axis=1))
    assert [(target.name, target.task) for target in two.schema.targets] == [
        ("target_0", "classification"),
        ("target_1", "classification"),
    ]
    assert (two.targets.shape, two.targets.dtype.name, two.schema.outputs) == ((40, 2), "float32", 12)
    view = two.view(1)
    assert (view.schema.classes, view.targets.dtype.name) == (("0", "1"), "int64")
    np.testing.assert_array_equal(view.targets, one.targets % 2)
    assert one.view(0) is one
    with pytest.raises(DataError, match="40 rows of features but 39 targets 'b'"):
        describe("d", one.features, {"a": one.targets, "b": one.targets[1:]})
