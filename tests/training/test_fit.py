"""A fit as a whole: it learns, tells, stops, refuses to diverge, and never looks at rows that are not its own."""

import math
import signal
from typing import Any

import numpy as np
import pytest
import torch

from foldproof import randomness
from foldproof.data.preprocessing import Inputs
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError, TrainingError
from foldproof.metrics import METRICS
from foldproof.model.build import build, multiply_adds
from foldproof.training.cross_validation import train_members
from foldproof.training.events import EpochEnded, Event, FitStarted, MemberStopped, Sink
from foldproof.training.outputs import Curves, out_of_fold_table
from foldproof.training.plan import WORKERS_FROM, Work, make_plan
from tests.training.setting import diabetes, digits, fit_together, params, split_of

SMALL: dict[str, Any] = {"name": "mlp", "mlp": {"hidden": [32]}}


def job(**train: Any) -> Any:
    settings = {
        "epochs": 12,
        "batch_size": 16,
        "accelerator": "cpu",
        "optimizer": {"learning_rate": 0.01},
        **train,
    }
    return params(split={"folds": 3}, preprocess={"scale": "channel"}, model=SMALL, train=settings)


def run(chosen: Any, dataset: Any) -> tuple[Any, Any, list[Event], Curves]:
    split, seen, curves = split_of(dataset, chosen), list[Event](), Curves()
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    sinks: list[Sink] = [seen.append, curves]
    trained = train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment, sinks)
    return split, trained, seen, curves


def test_it_learns_digits() -> None:
    dataset = digits(600)
    split, trained, _, _ = run(job(), dataset)
    scores = [
        METRICS["accuracy"].function(dataset.targets[split.rows(index, Role.SCORED)], predicted)
        for index, predicted in enumerate(trained.out_of_fold)
    ]
    assert np.mean(scores) > 0.9


def test_it_learns_numbers_in_their_own_units() -> None:
    dataset = diabetes(400)
    split, trained, _, _ = run(job(optimizer={"learning_rate": 0.003}), dataset)
    scores = [
        METRICS["r2"].function(np.asarray(dataset.targets[split.rows(index, Role.SCORED)]), predicted)
        for index, predicted in enumerate(trained.out_of_fold)
    ]
    assert np.mean(scores) > 0.25


def test_events_tell_the_whole_story() -> None:
    dataset = digits()
    split, _, seen, curves = run(job(epochs=6, early_stopping={"patience": 1}), dataset)
    assert isinstance(seen[0], FitStarted)
    assert seen[0].members == split.members
    ended = [event for event in seen if isinstance(event, EpochEnded)]
    stopped = [event for event in seen if isinstance(event, MemberStopped)]
    assert [event.epoch for event in ended] == list(range(len(ended)))
    assert ended[-1].running == 0
    assert {event.member for event in stopped} == set(split.members)
    table = curves.table()
    for event in stopped:
        mine = table[table.fold == event.member.fold]
        assert list(mine.epoch) == list(range(event.epoch + 1)), "a member is told of until it stops, and not after"
        assert mine.inner_validation_loss.idxmin() == mine.index[event.best_epoch]
        expected = "last epoch" if event.epoch == 5 else "patience"
        assert event.reason == expected


def test_out_of_fold_predictions_cover_each_row_once() -> None:
    dataset = digits()
    split, trained, _, _ = run(job(epochs=1), dataset)
    table = out_of_fold_table(trained, dataset, split)
    assert sorted(table.row) == sorted(set(range(300)) - set(split.test_rows().tolist()))
    np.testing.assert_allclose(table[[f"p{label}" for label in range(10)]].sum(axis=1), 1, atol=1e-5)


def test_the_scored_fold_and_the_test_set_change_nothing_that_is_fitted_or_chosen() -> None:
    dataset, chosen = digits(), job()
    split = split_of(dataset, chosen)
    clean = fit_together(dataset, split, chosen, (0,))
    features, targets = np.array(dataset.features), np.array(dataset.targets)
    hidden = np.isin(split.roles[0], (Role.SCORED, Role.TEST))
    features[hidden], targets[hidden] = 255, 3
    dirty = fit_together(type(dataset)(dataset.schema, features, targets), split, chosen, (0,))
    assert torch.equal(clean.matrix, dirty.matrix)
    assert clean.best_epoch == dirty.best_epoch


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_rate_far_too_high_is_refused_with_fold_and_advice(optimizer: str) -> None:
    with pytest.raises(TrainingError) as caught:
        run(job(optimizer={"name": optimizer, "learning_rate": 1e6}), digits())
    assert "fold 0: the training loss" in caught.value.problems[0]
    assert caught.value.problems[-1].startswith("train.optimizer.learning_rate: ")


def test_nan_is_found_at_its_step() -> None:
    dataset = diabetes()
    features = np.array(dataset.features)
    features[:] = np.nan
    broken = type(dataset)(dataset.schema, features, dataset.targets)
    chosen = job()
    kept = fit_together(
        broken,
        split_of(dataset, chosen),
        params(**{**_plain(chosen), "preprocess": {"center": "none", "scale": "none"}}),
        (0,),
    )
    assert kept.stopped == ["diverged"]
    assert "not finite from step 0 on (epoch 0): the inputs are not finite" in kept.told[0]


def _plain(chosen: Any) -> dict[str, Any]:
    values = chosen.model_dump(mode="json", by_alias=True)
    del values["schema"]
    return dict(values)


def test_the_first_epochs_loss_is_near_the_logarithm_of_the_classes() -> None:
    _, _, seen, _ = run(job(epochs=1, optimizer={"learning_rate": 1e-9}), digits())
    (epoch,) = [event for event in seen if isinstance(event, EpochEnded)]
    assert all(abs(loss - math.log(10)) < 1.5 for loss in epoch.training_loss)


def test_the_best_epochs_weights_are_kept_not_the_last() -> None:
    dataset = digits(150)
    chosen = job(epochs=30, optimizer={"learning_rate": 0.05}, early_stopping={"patience": 6})
    split = split_of(dataset, chosen)
    whole = fit_together(dataset, split, chosen, (0,))
    assert whole.epochs[0] > whole.best_epoch[0] + 1
    until_best = job(epochs=whole.best_epoch[0] + 1, optimizer={"learning_rate": 0.05})
    assert torch.equal(fit_together(dataset, split, until_best, (0,)).matrix, whole.matrix)


def work(members: int, total: int = 1) -> Work:
    return Work(members, parameters=100, batch_size=10, row=1, rows=total // 3)


@pytest.mark.parametrize(
    ("members", "largest", "packed"), [(5, "auto", [5]), (5, 2, [1, 2, 2]), (300, "auto", [100, 100, 100])]
)
def test_the_plan_packs_members_in_their_order(members: int, largest: Any, packed: list[int]) -> None:
    plan = make_plan(work(members), "cpu", "fp32", "auto", largest)
    assert [len(population) for population in plan.populations] == packed
    assert [index for population in plan.populations for index in population] == list(range(members))
    assert plan.threads == 1


@pytest.mark.parametrize(
    ("total", "cores", "asked", "engine", "packed"),
    [
        (WORKERS_FROM, 4, "auto", "workers", [1, 1, 1, 2]),
        (WORKERS_FROM, 2, "auto", "workers", [2, 3]),
        (WORKERS_FROM // 10, 4, "auto", "in_process", [5]),
        (WORKERS_FROM, 1, "auto", "in_process", [5]),
        (1, 4, "workers", "workers", [1, 1, 1, 2]),
        (WORKERS_FROM, 4, "in_process", "in_process", [5]),
    ],
)
def test_the_plan_takes_workers_where_they_pay(
    total: int, cores: int, asked: Any, engine: str, packed: list[int]
) -> None:
    plan = make_plan(work(5, total), "cpu", "fp32", "auto", "auto", asked, cores)
    assert plan.engine == engine
    assert [len(population) for population in plan.populations] == packed


def test_multiply_adds_of_a_row_are_counted_by_hand() -> None:
    chosen = params(model={"name": "cnn", "cnn": {"channels": [3, 5], "kernel": 3, "hidden": 7}}).model
    network = build(chosen, Inputs((1, 8, 8)), 10, randomness.key_of(0))
    convolutions = 64 * 9 * 1 * 3 + 16 * 9 * 3 * 5
    assert multiply_adds(network, (1, 8, 8)) == convolutions + 5 * 2 * 2 * 7 + 7 * 10


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_bf16_on_a_cpu_is_refused() -> None:
    with pytest.raises(ConfigError, match="found bf16, legal on a CPU: fp32 or fp64"):
        make_plan(work(1), "auto", "bf16", "auto", "auto")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="found gpu, but torch sees none"):
        make_plan(work(1), "gpu", "fp32", "auto", "auto")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_gpu_trains_the_same_members(precision: str) -> None:
    dataset = digits(600)
    figures = []
    for accelerator in ("cpu", "gpu"):
        split, trained, _, _ = run(job(accelerator=accelerator, precision=precision), dataset)
        scored = split.rows(0, Role.SCORED)
        figures.append(METRICS["accuracy"].function(dataset.targets[scored], trained.out_of_fold[0]))
    assert abs(figures[0] - figures[1]) < 0.05


def test_an_interruption_is_an_interruption_and_the_next_one_is_heard_too() -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, EpochEnded):
            raise KeyboardInterrupt

    dataset, chosen = digits(), job()
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit_together(dataset, split_of(dataset, chosen), chosen, (0,), [interrupt])
    assert signal.getsignal(signal.SIGINT) is handler
