"""A member that comes to nothing stops alone, says why, and is in no mean; all of them together fail the training."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from foldproof.config import params_from
from foldproof.config.divergence import CAUSES, CauseName
from foldproof.config.preprocess import Preprocess
from foldproof.data.statistics import fit_statistics
from foldproof.errors import DataError, TrainingError
from foldproof.evaluation.assess import assess
from foldproof.evaluation.plots import pictures
from foldproof.model.stacked import stack
from foldproof.training import assignment, best_epochs
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.descent import Descent
from foldproof.training.event_log import read_events
from foldproof.training.events import EpochEnded, Event, LayersWatched, MemberStopped
from foldproof.training.fit import fit
from foldproof.training.kept import Kept
from foldproof.training.members import make_data, make_population, make_recipe
from foldproof.training.non_finite import faults_of, likely_cause, where_it_began
from foldproof.training.outputs import Curves, out_of_fold_table
from foldproof.training.population import Population
from foldproof.training.resume import Resume
from foldproof.training.watch import Size
from tests.training.setting import Killed, dying_after, params, split_of
from tests.training.trainings import DATASET, job, trained

UNSCALED = Preprocess.model_validate({"center": "none", "scale": "none"})
WILD = {"optimizer": {"name": "sgd", "learning_rate": 1e30}}


def with_rates(population: Population, *rates: float) -> Population:
    settings = population.settings | {"learning_rate": torch.tensor(rates, dtype=torch.float64)}
    return replace(population, settings=settings)


def three(sink: Callable[[Event], None], *rates: float, **train: Any) -> Kept:
    chosen = params(
        split={"folds": 3},
        model={"name": "mlp", "mlp": {"hidden": [16]}},
        train={"epochs": 4, "threads": 1, "watch_every": 3, **train},
    )
    split = split_of(DATASET, chosen)
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    members = (0, 1, 2)
    population = make_population(DATASET, split, statistics, chosen.model, chosen.train, chosen.augment, members)
    data = make_data(DATASET, split, members, 32, split.steps_per_epoch(32))
    recipe = make_recipe(DATASET.schema.targets, chosen.train)
    return fit(with_rates(population, *rates), data, recipe, "cpu", chosen.train.precision, [sink])


def test_one_of_three_that_explodes_changes_no_bit_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as they stay together; once it is gone, a population of two rounds as such."""
    plain = three(lambda _: None, 1e-3, 1e-3, 1e-3)
    in_double = three(lambda _: None, 1e-3, 1e-3, 1e-3, precision="fp64")
    gone = three(lambda _: None, 1e-3, 1e30, 1e-3, precision="fp64")
    monkeypatch.setattr(best_epochs, "COMPACT_SHARE", 2)
    stays = three(lambda _: None, 1e-3, 1e30, 1e-3)
    for place in (0, 2):
        assert torch.equal(stays.matrix[place], plain.matrix[place])
        assert torch.allclose(gone.matrix[place], in_double.matrix[place], rtol=0, atol=1e-12)
        assert stays.best_epoch[place] == plain.best_epoch[place]


def test_one_of_three_that_explodes_stops_alone_and_says_why() -> None:
    told: list[Event] = []
    kept = three(told.append, 1e-3, 1e30, 1e-3)
    assert kept.stopped == ["last epoch", "diverged", "last epoch"]
    assert (kept.best_epoch[1], kept.epochs[1]) == (-1, 0)
    [stopped, *_] = [event for event in told if isinstance(event, MemberStopped)]
    assert (stopped.member.fold, stopped.epoch, stopped.best_epoch, stopped.reason) == (1, 0, -1, "diverged")
    assert stopped.told == kept.told[1]
    assert stopped.told.startswith("the training loss is not finite from step 1 on (epoch 0): layer ")
    assert "; most likely the learning rate is too high (train.optimizer.learning_rate); at step 0 " in stopped.told
    assert "the norm of the gradient was" in stopped.told
    assert kept.cause == ["", "rate_too_high", ""]
    ended = [event for event in told if isinstance(event, EpochEnded)]
    assert all([member.fold for member in event.members] == [0, 2] for event in ended)


def test_one_far_above_its_first_loss_stops_alone() -> None:
    told: list[Event] = []
    kept = three(told.append, 1e-3, 20.0, 1e-3, optimizer={"name": "sgd"})
    assert kept.stopped == ["last epoch", "diverged", "last epoch"]
    assert "over the limit of" in kept.told[1]
    assert kept.told[1].endswith("most likely the learning rate is too high (train.optimizer.learning_rate)")
    assert kept.told[0] == kept.told[2] == ""


@pytest.fixture
def second_explodes(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(*arguments: Any) -> Population:
        population = make_population(*arguments)
        rates = [1e30 if member.fold == 1 else 1e-3 for member in population.members]
        return with_rates(population, *rates)

    monkeypatch.setattr(assignment, "make_population", make)


@pytest.mark.usefixtures("second_explodes")
def test_one_without_an_epoch_is_scored_on_its_fold_but_in_no_mean_and_trust_says_so() -> None:
    curves, chosen = Curves(), job()
    found = trained(chosen, [curves])
    model, split = found.model, split_of(DATASET, chosen)
    assert model.trained.tolist() == [True, False, True, True]
    assert model.members[1]["told"].startswith("the training loss is not finite")
    assert model.members[1]["cause"] == "rate_too_high"
    assert not {"told", "cause"} & model.members[0].keys()
    each = model.predict_members(DATASET.features[:20])
    assert np.array_equal(model.predict(DATASET.features[:20]), each[[0, 2, 3]].mean(axis=0))
    test = model.predict_members(DATASET.features[split.test_rows()])[model.trained]
    assessment = assessed(found, chosen, test, curves)
    lost = assessment.members[1]
    assert (lost.best_epoch, lost.training_loss, lost.trained) == (-1, None, False)
    assert lost.scores["accuracy"] < 0.5
    check = next(check for check in assessment.checks if check.name == "training")
    assert check.status == "fail"
    assert check.sentence == (
        'Fold 1 has learnt nothing and is left out of the ensemble: see "Diverged" in what the curves say.'
    )
    [diagnosis] = [one for one in assessment.diagnoses if one.name == "diverged"]
    assert diagnosis.sentence == f"1 of 4 members; fold 1: {lost.told}."
    assert diagnosis.advice == CAUSES["rate_too_high"].advice
    assert pictures(assessment, curves.table(), out_of_fold_table(found, DATASET, split))


def assessed(found: Trained, chosen: Any, test: Any, curves: Curves) -> Any:
    split = split_of(DATASET, chosen)
    table = out_of_fold_table(found, DATASET, split)
    schema, record = DATASET.schema, found.model.record
    return assess(schema, split, DATASET, table, test, chosen.evaluate, record, curves=curves.table())


def test_a_model_of_which_nobody_has_learnt_anything_predicts_nothing() -> None:
    model = trained(job(epochs=1)).model
    record = {**model.record, "members": [{**one, "best_epoch": -1} for one in model.members]}
    with pytest.raises(DataError, match="every member of this model diverged"):
        replace(model, record=record).predict(DATASET.features[:2])


def test_when_all_diverge_the_training_fails_with_every_sentence() -> None:
    with pytest.raises(TrainingError) as caught:
        trained(job(population=2, **WILD))
    *told, advice = caught.value.problems
    assert [line.split(":")[0] for line in told] == ["fold 0", "fold 1", "fold 2", "fold 3"]
    assert all("is not finite from step 1" in line for line in told)
    assert advice == f"train.optimizer.learning_rate: {CAUSES['rate_too_high'].advice.sentence}"


def test_where_the_device_is_not_waited_for_the_step_and_the_last_look_before_it_say_the_likely_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As elsewhere than on a CPU: nobody looks into the step itself, and looks go on after it."""
    told: list[Event] = []
    on_cpu = three(told.append, 1e-3, 1e30, 1e-3)
    monkeypatch.setattr(Descent, "_explain", lambda *_: None)
    elsewhere = three(lambda _: None, 1e-3, 1e30, 1e-3)
    assert max(event.step for event in told if isinstance(event, LayersWatched) and event.epoch == 0) > 1
    began, _, rest = on_cpu.told[1].partition(": layer ")
    assert elsewhere.told[1] == f"{began}: {rest.partition('; ')[2]}"
    assert elsewhere.cause == on_cpu.cause


def test_inputs_or_weights_too_large_from_the_start_are_no_matter_of_the_rate() -> None:
    chosen = job(population=2)
    wide = replace(DATASET, features=DATASET.features * np.float32(1e37))
    with pytest.raises(TrainingError) as caught:
        train_members(
            wide,
            split_of(wide, chosen),
            fit_statistics(wide, split_of(wide, chosen), UNSCALED),
            chosen.model,
            chosen.train,
            chosen.augment,
        )
    *told, advice = caught.value.problems
    assert all("from step 0 on" in line and "(preprocess.scale)" in line for line in told)
    assert advice.startswith("preprocess.scale: ")
    assert not any("learning_rate" in line for line in caught.value.problems)


def test_when_all_have_diverged_a_fit_that_is_resumed_fails_as_well(tmp_path: Path) -> None:
    told: list[list[str]] = []
    for _ in range(2):  # the second finds checkpoints in which everybody has stopped
        with pytest.raises(TrainingError) as caught:
            trained(job(population=2, **WILD), [], Resume(tmp_path))
        told.append(list(caught.value.problems))
    assert told[0] == told[1]


@pytest.mark.usefixtures("second_explodes")
def test_a_sentence_outlives_a_death(tmp_path: Path) -> None:
    straight, resumed = list[Event](), list[Event]()
    trained(job(), [straight.append])
    with pytest.raises(Killed):
        trained(job(), [dying_after(3)], Resume(tmp_path))
    again = trained(job(), [resumed.append], Resume(tmp_path))
    stops = [[event for event in one if isinstance(event, MemberStopped)] for one in (straight, resumed)]
    assert stops[0] == stops[1]
    assert again.model.members[1]["told"] == stops[0][0].told


def test_a_log_from_before_sentences_were_told_is_read(tmp_path: Path) -> None:
    member = {"seed": 0, "repeat": 0, "fold": 2}
    line = {"kind": "stopped", "member": member, "epoch": 3, "best_epoch": 1, "reason": "patience"}
    (tmp_path / "events.jsonl").write_text(json.dumps(line) + "\n")
    [(event, _)] = read_events(tmp_path / "events.jsonl")
    assert isinstance(event, MemberStopped)
    assert event.told == ""


def network(*sizes: float) -> Any:
    """Members with a first and a second weight of the sizes given, alternately."""
    pairs = zip(sizes[::2], sizes[1::2], strict=True)
    made: list[nn.Module] = []
    for first, second in pairs:
        one = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
        for layer, value in ((one[0], first), (one[2], second)):
            assert isinstance(layer, nn.Linear)
            nn.init.constant_(layer.weight, value)
        made.append(one)
    return stack(made)


@pytest.mark.parametrize(
    ("first", "second", "row", "told"),
    [
        (1e30, 1.0, 1e20, "layer 0 (Linear)"),
        (1e30, 1e20, 1.0, "layer 2 (Linear)"),
        (torch.nan, 1.0, 1.0, "from 0.weight back"),
        (torch.nan, torch.nan, 1.0, "from 2.weight back"),
        (1.0, 1.0, torch.inf, "the inputs are not finite"),
        (1.0, 1.0, 1.0, "every output is finite"),
    ],
)
def test_where_it_began(first: float, second: float, row: float, told: str) -> None:
    """The other member is sound, and does not matter."""
    stacked, matrix, buffers = network(1.0, 1.0, first, second)
    rows = torch.ones(2, 3, 2)
    rows[1] = row
    assert told in where_it_began(stacked, matrix, buffers, rows, 1)


def test_the_likely_cause_is_what_comes_before_the_first_step_or_the_rate() -> None:
    size = Size(200, torch.tensor([1.0, 37.0]), torch.tensor([0.1, torch.nan]))
    first = likely_cause(0, 1, size)
    assert first.cause == "too_large_at_first"
    assert first.told == "most likely inputs or initial weights are too large (preprocess.scale)"
    assert likely_cause(5, 0, None).told.endswith("too high (train.optimizer.learning_rate)")
    assert likely_cause(250, 0, size).told.endswith("gradient was 1, and updates were up to 0.1 of the weights")
    assert likely_cause(250, 1, size).told.endswith("at step 200 the norm of the gradient was 37")
    assert likely_cause(250, 1, size).cause == "rate_too_high"


def test_rows_that_are_no_numbers_are_no_matter_of_the_rate_at_any_step() -> None:
    stacked, matrix, buffers = network(1.0, 1.0, 1.0, 1.0)
    rows = torch.ones(2, 3, 2)
    rows[1] = torch.inf
    found = faults_of(torch.tensor([False, True]), 5, stacked, matrix, buffers, rows, None)
    assert {place: fault.cause for place, fault in found.items()} == {1: "too_large_at_first"}
    assert found[1].told.startswith("the inputs are not finite; most likely inputs or")


@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_names_keys_that_there_are(name: CauseName) -> None:
    known = params_from({"schema": 1}).flat()
    advice = CAUSES[name].advice
    mentioned = re.findall(r"(?:train|model|preprocess)\.[a-z_.]*[a-z_]", advice.sentence)
    assert mentioned
    assert {advice.key, *mentioned} <= known.keys()
    assert advice.sentence.endswith(".")
