"""Looks at gradients, steps and layers: they say what is so, each once, and change no bit of what is trained."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from foldproof.data.splits import Member
from foldproof.data.statistics import fit_statistics
from foldproof.model.stacked import stack
from foldproof.training.descent import Descent
from foldproof.training.elements import Elements
from foldproof.training.event_log import EventLog, read_events
from foldproof.training.events import Event, LayersWatched
from foldproof.training.members import make_data, make_population, make_recipe
from foldproof.training.watch import Size, Watch, shares_of_layers, update_ratios
from foldproof.training.watched import COLUMNS, OF_LAYERS, Watched
from tests.training.setting import digits, fit_together, killed_and_resumed, params, split_of

DATASET = digits(150)
MLP = {"name": "mlp", "dropout": 0.3, "mlp": {"hidden": [16, 8]}}
CNN = {"name": "cnn", "normalisation": "batch", "cnn": {"channels": [4], "hidden": 8}}
LONG: dict[str, Any] = {"epochs": 4, "batch_size": 16}
SHORT: dict[str, Any] = {"epochs": 9, "batch_size": 16, "early_stopping": {"patience": 1, "minimum_improvement": 0.02}}


def job(every: int, model: Any = MLP, augment: Any = None, **train: Any) -> Any:
    section = {"threads": 1, "watch_every": every, **LONG, **train}
    return params(split={"folds": 3}, model=model, augment=augment or {"shift": 1}, train=section)


def looks(chosen: Any, fitted: Any = fit_together) -> list[LayersWatched]:
    seen: list[Event] = []
    fitted(DATASET, split_of(DATASET, chosen), chosen, (0, 1, 2), [seen.append])
    return [event for event in seen if isinstance(event, LayersWatched)]


@pytest.mark.parametrize(
    ("model", "train"),
    [
        (MLP, {"gradient_clip_norm": 0.5, "optimizer": {"weight_decay": 0.1}}),
        (MLP, {"averaging": {"name": "ema"}}),
        (MLP, {"averaging": {"snapshots": {"every_epochs": 2}}}),
        (MLP, SHORT),
        (CNN, {"precision": "fp64"}),
        ({**MLP, "dropout": 0}, {"optimizer": {"name": "lbfgs"}, "batch_size": "full"}),
    ],
    ids=["clipped", "averaged", "snapshots", "compacted", "batch normalisation", "line search"],
)
def test_watching_changes_no_bit_neither_straight_nor_resumed(model: Any, train: Any) -> None:
    augment = {"shift": 0} if "lbfgs" in str(train) else {"shift": 1, "mixup": 0.2}
    off, on = (job(every, model, augment, **train) for every in (0, 1))
    split = split_of(DATASET, off)
    plain = fit_together(DATASET, split, off, (0, 1, 2))
    for watched in (fit_together(DATASET, split, on, (0, 1, 2)), killed_and_resumed(DATASET, split, on, (0, 1, 2))):
        assert watched.facts() == plain.facts()
        assert watched.tensors().keys() == plain.tensors().keys()
        assert all(torch.equal(value, plain.tensors()[name]) for name, value in watched.tensors().items())
    if train is SHORT:
        assert len(set(plain.epochs)) > 1, "nobody was compacted away; the test would show less than it says"


def test_every_so_many_steps_are_looked_at_and_told_once_also_after_deaths() -> None:
    chosen = job(5)
    steps = split_of(DATASET, chosen).steps_per_epoch(16)
    straight = looks(chosen)
    assert [event.step for event in straight] == list(range(0, steps * 4, 5))
    assert all(event.epoch == event.step // steps for event in straight)
    assert looks(chosen, killed_and_resumed) == straight
    assert not looks(job(0))


def test_a_line_search_is_looked_at_once_a_step() -> None:
    chosen = job(1, {**MLP, "dropout": 0}, {"shift": 0}, optimizer={"name": "lbfgs"}, batch_size="full")
    for fold in range(3):
        own = [event for event in looks(chosen) if event.members == (Member(0, 0, fold),)]
        assert [event.step for event in own] == [0, 1, 2, 3]
        assert own[0].gradient_norm[0] > 0


def test_norms_and_ratios_are_those_of_the_gradient_before_clipping_and_of_the_step_after() -> None:
    rate, largest = 0.1, 0.01
    chosen = job(1, precision="fp64", optimizer={"name": "sgd", "learning_rate": rate}, gradient_clip_norm=largest)
    split = split_of(DATASET, chosen)
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    population = make_population(DATASET, split, statistics, chosen.model, chosen.train, chosen.augment, (0, 1, 2))
    data = make_data(DATASET, split, (0, 1, 2), 16, split.steps_per_epoch(16))
    population = population.to(torch.device("cpu"), torch.float64)
    descent = Descent(population, data, make_recipe(DATASET.schema.targets, chosen.train).objective)
    index = data.epoch(0)[0]
    weights = descent.matrix.detach().clone()
    descent.begin()
    losses = descent.training_losses(index, descent.matrix, descent.population.buffers, 0)
    losses.sum().backward()
    assert descent.matrix.grad is not None
    gradient = descent.matrix.grad
    norms = gradient.norm(dim=1)
    assert (norms > largest).all(), "nothing was clipped"
    parts = descent.population.network.layout.unfold(gradient)
    [first, *_] = looks(chosen)
    assert first.loss == pytest.approx(losses.tolist())
    assert first.gradient_norm == pytest.approx(norms.tolist())
    assert set(first.update_ratio) == {name for name, part in parts.items() if part.dim() > 2}, "weights alone"
    clipped = largest / (norms + 1e-6)
    for name, values in first.update_ratio.items():
        own = descent.population.network.layout.unfold(weights)[name]
        ratio = first.learning_rate[0] * clipped * parts[name].flatten(1).norm(dim=1) / own.flatten(1).norm(dim=1)
        assert values == pytest.approx(ratio.tolist(), rel=1e-9)


def networks() -> list[nn.Module]:
    """Two of one form: the second's rectified units are dead and its sigmoids flat."""

    def one(low: float, high: float) -> nn.Module:
        made = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3), nn.Sigmoid())
        for layer, bias in ((made[0], low), (made[2], high)):
            assert isinstance(layer, nn.Linear)
            nn.init.constant_(layer.bias, bias)
            nn.init.uniform_(layer.weight, 0.05, 0.1, generator=torch.Generator().manual_seed(1))
        return made

    return [one(1.0, 0.0), one(-100.0, 100.0)]


def test_dead_and_saturated_shares_are_each_members_own() -> None:
    network, matrix, buffers = stack(networks())
    rows = torch.rand(2, 20, 4, generator=torch.Generator().manual_seed(2))
    dead, saturated = shares_of_layers(network, matrix, buffers, rows, frozenset())
    assert {name: value.tolist() for name, value in dead.items()} == {"1 (ReLU)": [0, 1]}
    assert {name: value.tolist() for name, value in saturated.items()} == {"3 (Sigmoid)": [0, 1]}


def test_what_is_frozen_is_left_out() -> None:
    network, matrix, buffers = stack(networks())
    frozen = frozenset({"0.weight", "0.bias"})
    rows = torch.rand(2, 20, 4, generator=torch.Generator().manual_seed(2))
    dead, saturated = shares_of_layers(network, matrix, buffers, rows, frozen)
    assert not dead
    assert list(saturated) == ["3 (Sigmoid)"]
    elements = Elements.of(network, frozen=frozen, until=10)
    assert list(update_ratios(network.layout, elements.at(9).units, matrix, 2 * matrix)) == ["2.weight"]
    thawed = update_ratios(network.layout, elements.at(10).units, matrix, 2 * matrix)
    assert {name: value.tolist() for name, value in thawed.items()} == {"0.weight": [1, 1], "2.weight": [1, 1]}


def test_weights_that_were_all_0_have_no_ratio() -> None:
    network, matrix, _ = stack(networks())
    matrix[1] = 0
    [first, _] = update_ratios(network.layout, Elements.of(network).units, matrix, matrix + 1).values()
    assert first[0] > 0
    assert first[1].isnan()


def test_sizes_shrink_with_the_population_and_outlive_a_checkpoint() -> None:
    watch = Watch(3)
    assert [step for step in range(8) if watch.due(step)] == [0, 3, 6]
    watch.note(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0]]))
    ratios = {"a": torch.tensor([0.1, torch.nan, 0.3]), "b": torch.tensor([0.2, torch.nan, 0.1])}
    watch.add(3, torch.full((3,), 0.01), ratios, ({}, {}))
    watch.compact(torch.tensor([2, 1]))
    again = Watch(3)
    again.restore(watch.tensors())
    last = again.before()
    assert isinstance(last, Size)
    assert (last.step, last.gradient_norm.tolist()) == (3, [10, 1])
    assert last.update_ratio[0] == pytest.approx(0.3)
    assert last.update_ratio[1].isnan()


def test_what_was_seen_before_a_step_is_of_the_last_look_before_it_be_it_of_an_earlier_epoch() -> None:
    watch, nothing = Watch(3), torch.zeros(1)

    def look(step: int) -> None:
        watch.note(nothing, torch.full((1, 1), float(step)))
        watch.add(step, nothing, {}, ({}, {}))

    def seen(step: float) -> tuple[int, float] | None:
        size = watch.before(step)
        return (size.step, size.gradient_norm.item()) if size else None

    assert seen(0) is None
    for step in (0, 3):
        look(step)
    watch.begin_epoch()
    assert (watch.looks, seen(4)) == ([], (3, 3.0))
    for step in (6, 9):
        look(step)
    assert [seen(step) for step in (5, 6, 7, 9, 10)] == [(3, 3), (3, 3), (6, 6), (6, 6), (9, 9)]


def event(epoch: int = 1) -> LayersWatched:
    members, two = (Member(0, 0, 1), Member(0, 0, 0)), (0.5, 0.25)
    return LayersWatched(epoch, 30, members, two, two, two, {"0.weight": two}, {"1 (ReLU)": two}, {})


def test_a_look_goes_through_the_log(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log(event())
    log.flush()
    assert [found for found, _ in read_events(tmp_path / "events.jsonl")] == [event()]


def test_the_table_has_a_line_a_member_look_and_layer(tmp_path: Path) -> None:
    kept = Watched()
    kept(event())
    kept.save(tmp_path / "watched.csv")
    with (tmp_path / "watched.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert list(lines[0]) == [*COLUMNS, *OF_LAYERS]
    seen = [(one["fold"], one["step"], one["layer"], one["update_ratio"], one["dead"]) for one in lines]
    assert seen == [
        ("0", "30", "0.weight", "0.25", ""),
        ("0", "30", "1 (ReLU)", "", "0.25"),
        ("1", "30", "0.weight", "0.5", ""),
        ("1", "30", "1 (ReLU)", "", "0.5"),
    ]
