"""From half of the digits to the other: what is loaded, what stands still, what is refused, and that nothing leaks."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from foldproof import cross_validate
from foldproof.config import Params
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Role, Split
from foldproof.data.statistics import fit_statistics
from foldproof.errors import ConfigError
from foldproof.model.exported import ExportedModel
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.events import Event, FitContinued
from foldproof.training.members import make_population
from foldproof.training.resume import Resume
from tests.training.setting import Killed, dying_after, fit_together, killed_and_resumed, params, split_of

HIDDEN = 12
TRUNK = {"1.weight", "2.weight", "2.bias"}  # affine map and batch normalisation; 5 is the output layer
AVERAGES = {"2.running_mean", "2.running_var", "2.num_batches_tracked"}


def half(first: int, rows: int) -> Dataset:
    """Digits of the five classes from `first` on."""
    found = load_digits()
    chosen = np.flatnonzero((found.target >= first) & (found.target < first + 5))[:rows]
    names = tuple(str(first + one) for one in range(5))
    return describe(
        f"digits {first}", found.images[chosen].astype(np.uint8), found.target[chosen] - first, classes=names
    )


SOURCE, OTHERS = half(0, 200), half(5, 60)


def job(model: dict[str, Any] | None = None, **train: Any) -> Params:
    network = {"name": "mlp", "mlp": {"hidden": [HIDDEN]}, "dropout": 0.2, **(model or {})}
    section = {"epochs": 4, "batch_size": 16, "threads": 1, "accelerator": "cpu", **train}
    return params(model=network, train=section, split={"folds": 2}, augment={"shift": 0.5})


def train_on(dataset: Dataset, chosen: Params, resume: Resume | None = None, sinks: Any = ()) -> Trained:
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    return train_members(dataset, split, statistics, chosen.model, chosen.train, chosen.augment, sinks, resume)


@cache
def pretrained() -> ExportedModel:
    return train_on(SOURCE, job(epochs=6)).model


@pytest.fixture
def source(tmp_path: Path) -> str:
    pretrained().save(tmp_path / "source")
    return str(tmp_path / "source")


def beginning(chosen: Params, dataset: Dataset = OTHERS, split: Split | None = None) -> Any:
    """The population before its first step, its parameters by name."""
    split = split or split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    population = make_population(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)
    return population, population.network.layout.unfold(population.matrix) | population.buffers


def weights_of(model: ExportedModel) -> dict[str, torch.Tensor]:
    return model.network.layout.unfold(model.matrix) | model.buffers


def test_before_the_first_step_what_is_loaded_is_the_sources_and_the_head_is_drawn(source: str) -> None:
    population, found = beginning(job({"start_from": source}))
    wanted, (_, drawn) = weights_of(pretrained()), beginning(job())
    assert population.transfer.loaded == TRUNK
    for name in TRUNK | AVERAGES:
        assert torch.equal(found[name], wanted[name]), name
        assert not torch.equal(found[name], drawn[name]), name
    for name in ("5.weight", "5.bias"):
        assert torch.equal(found[name], drawn[name])
    fates = {one.name: one.fate for one in population.transfer.compared}
    assert fates == dict.fromkeys(TRUNK | AVERAGES, "loaded") | dict.fromkeys(("5.weight", "5.bias"), "new head")


def test_members_begin_with_their_own_repeat_and_fold_and_others_with_any(source: str) -> None:
    chosen = job({"start_from": source})
    chosen = chosen.model_copy(update={"split": chosen.split.model_copy(update={"folds": 3})})
    _, found = beginning(chosen)
    wanted = weights_of(pretrained())["1.weight"]
    assert torch.equal(found["1.weight"], wanted[[0, 1, 0]])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw", "rmsprop", "lbfgs"])
def test_what_is_frozen_stays_bit_for_bit_and_what_is_not_moves(source: str, optimizer: str) -> None:
    chosen = job(
        {"start_from": source, "freeze": "all_but_head"},
        optimizer={"name": optimizer, "weight_decay": 0.1},
        penalty={"l1": 0.01},
        **({"batch_size": "full"} if optimizer == "lbfgs" else {"gradient_clip_norm": 1, "max_norm": 0.5}),
    )
    _, before = beginning(chosen)
    after = weights_of(train_on(OTHERS, chosen).model)
    for name in TRUNK | AVERAGES:
        assert torch.equal(after[name], before[name]), name
    assert not torch.equal(after["5.weight"], before["5.weight"])


def test_the_head_is_what_it_would_be_on_the_trunks_outputs_alone(source: str) -> None:
    """Clipping, momentum and the rest do not see what stands still: logistic regression by hand on fixed inputs."""
    chosen = job(
        {"start_from": source, "freeze": "all_but_head", "dropout": 0.0},
        epochs=1,
        batch_size="full",
        precision="fp64",
        gradient_clip_norm=0.1,
        optimizer={"name": "momentum", "learning_rate": 0.5},
    ).model_copy(update={"augment": params(augment={}).augment})
    population, before = beginning(chosen)
    split = split_of(OTHERS, chosen)
    after = fit_together(OTHERS, split, chosen, (0,))
    found = population.network.layout.unfold(after.matrix)
    rows = split.rows(0, Role.TRAINING)
    inputs = torch.from_numpy(np.asarray(OTHERS.features[rows], dtype=np.float64))[None]
    normal = population.preprocessing(inputs, {k: v[:1].double() for k, v in population.statistics.items()})[0]
    start = {name: value[0].double() for name, value in before.items()}
    hidden = normal.flatten(1) @ start["1.weight"].T
    hidden = (hidden - start["2.running_mean"]) / torch.sqrt(start["2.running_var"] + 1e-5)
    hidden = torch.relu(hidden * start["2.weight"] + start["2.bias"])
    weight, bias = (start[name].clone().requires_grad_() for name in ("5.weight", "5.bias"))
    targets = torch.from_numpy(OTHERS.targets[rows])
    torch.nn.functional.cross_entropy(hidden @ weight.T + bias, targets).backward()
    torch.nn.utils.clip_grad_norm_([weight, bias], 0.1)
    assert weight.grad is not None
    torch.testing.assert_close(found["5.weight"][0], (weight - 0.5 * weight.grad).detach(), rtol=1e-7, atol=1e-9)


def test_at_the_unfreezing_epoch_everything_moves_by_steps_of_usual_length(source: str) -> None:
    model = {"start_from": source, "freeze": "all_but_head", "unfreeze_epoch": 2}
    rate = 0.001
    chosen = job(model, epochs=3, batch_size="full", optimizer={"learning_rate": rate}, early_stopping={"patience": 99})
    split = split_of(OTHERS, chosen)
    population, before = beginning(chosen)
    kept = fit_together(OTHERS, split, chosen, (0,))
    assert kept.best_epoch == [2], "the last epoch must be the best one, or nothing is seen of it"
    after = population.network.layout.unfold(kept.matrix)
    farthest = (after["1.weight"] - before["1.weight"][:1]).abs().max().item()
    assert farthest == pytest.approx(rate, rel=1e-3), "Adam's first step is as long as the rate"


def test_old_layers_have_their_own_rate(source: str) -> None:
    rates = {}
    for factor in (1.0, 0.25):
        chosen = job(
            {"start_from": source, "old_layers_rate": factor}, epochs=1, optimizer={"name": "sgd"}, batch_size=20
        )
        population, before = beginning(chosen)
        one = chosen.model_copy(update={"train": chosen.train.model_copy(update={"batch_size": "full"})})
        kept = fit_together(OTHERS, split_of(OTHERS, one), one, (0,))
        after = population.network.layout.unfold(kept.matrix)
        rates[factor] = {name: (after[name] - before[name][:1]).double() for name in ("1.weight", "5.weight")}
    torch.testing.assert_close(rates[0.25]["1.weight"], 0.25 * rates[1.0]["1.weight"], rtol=1e-3, atol=1e-7)
    torch.testing.assert_close(rates[0.25]["5.weight"], rates[1.0]["5.weight"])


@pytest.mark.parametrize("optimizer", ["adam", "nesterov", "lbfgs"])
def test_alone_is_stacked_and_resumed_is_straight_across_the_unfreezing(source: str, optimizer: str) -> None:
    batch = {"batch_size": "full"} if optimizer == "lbfgs" else {}
    rate = {} if optimizer == "lbfgs" else {"old_layers_rate": 0.5}
    model = {"start_from": source, "freeze": ["1", "2"], "unfreeze_epoch": 2, **rate}
    chosen = job(model, precision="fp64", optimizer={"name": optimizer}, **batch)
    split = split_of(OTHERS, chosen)
    stacked = fit_together(OTHERS, split, chosen, (0, 1))
    for index in (0, 1):
        alone = fit_together(OTHERS, split, chosen, (index,))
        for name, value in alone.tensors().items():
            torch.testing.assert_close(value, stacked.tensors()[name][index : index + 1], rtol=1e-7, atol=1e-9)
    resumed = killed_and_resumed(OTHERS, split, chosen, (0, 1))
    assert resumed.facts() == stacked.facts()
    assert all(torch.equal(value, stacked.tensors()[name]) for name, value in resumed.tensors().items())


def test_other_weights_begin_a_training_anew(tmp_path: Path) -> None:
    pretrained().save(tmp_path / "source")
    chosen, trainings = job({"start_from": str(tmp_path / "source")}), Resume(tmp_path / "unfinished")
    with pytest.raises(Killed):
        train_on(OTHERS, chosen, trainings, [dying_after(2)])
    moved = replace(pretrained(), matrix=pretrained().matrix + 0.01)
    moved.save(tmp_path / "source")
    told: list[Event] = []
    train_on(OTHERS, chosen, trainings, [told.append])
    assert not [event for event in told if isinstance(event, FitContinued)]


def test_a_model_of_the_same_data_is_refused_unless_the_split_is_the_same(source: str) -> None:
    same = job({"start_from": source, "freeze": "all_but_head"})
    population, found = beginning(same, SOURCE)
    assert population.transfer.loaded == TRUNK | {"5.weight", "5.bias"}, "the same classes: the head too"
    assert torch.equal(found["5.weight"], weights_of(pretrained())["5.weight"])
    for section in ({"folds": 3}, {"folds": 2, "seed": 1}, {"folds": 2, "inner_share": 0.2}):
        other = params(**{**same.model_dump(exclude={"schema_version", "split"}), "split": section})
        if "inner_share" in section:
            beginning(other, SOURCE)  # what it chose by is its own part of the rows all the same
            continue
        with pytest.raises(ConfigError, match=r"model\.start_from: .* same data .* held out here from fold 0, fold 1"):
            beginning(other, SOURCE)


def test_what_is_asked_for_in_vain_is_refused(source: str) -> None:
    cases: dict[str, dict[str, Any]] = {
        "model.new_head: found False, legal: auto": {"new_head": False},
        "model.old_layers_rate: found 0.5, legal: 1.0": {"old_layers_rate": 0.5},
        "model.unfreeze_epoch: found 2, legal with model.freeze none: null": {"unfreeze_epoch": 2},
        "model.unfreeze_epoch: found 9, legal: null or 1 to 3": {"unfreeze_epoch": 9, "freeze": "all_but_head"},
        "model.new_head: found false, but 5.weight was not loaded (shape differs)": {
            "start_from": source,
            "new_head": False,
            "mlp": {"layers": [{"units": HIDDEN}]},
        },
        "model.freeze: 1.weight would stand still with its initial weights, since it was not loaded (shape differs)": {
            "start_from": source,
            "freeze": ["1"],
            "mlp": {"hidden": [HIDDEN, HIDDEN]},
            "maxout": {"pieces": 2},
            "activation": "maxout",
        },
    }
    other = describe("four", np.asarray(OTHERS.features), np.minimum(OTHERS.targets, 3), classes=tuple("5678"))
    for told, model in cases.items():
        with pytest.raises(ConfigError) as refusal:
            beginning(job(model), other)
        assert any(problem.startswith(told) for problem in refusal.value.problems), (told, refusal.value.problems)


def test_a_line_search_has_one_rate(source: str) -> None:
    chosen = job({"start_from": source, "old_layers_rate": 0.5}, optimizer={"name": "lbfgs"}, batch_size="full")
    with pytest.raises(ConfigError, match=r"model\.old_layers_rate: found 0\.5, legal with lbfgs: 1"):
        beginning(chosen)


def test_auto_goes_by_rows_a_class_and_the_record_tells_it(source: str) -> None:
    chosen = job({"start_from": source, "freeze": "auto"}, epochs=1)
    model = train_on(OTHERS, chosen).model
    told = model.record["started_from"]
    assert told["frozen"] == sorted(TRUNK)
    assert "training rows a class (below 50), learnt on rows of the same form: all but the output" in told["freeze"]
    assert told["fingerprint"] == SOURCE.schema.fingerprint
    assert (set(told["loaded"]), set(told["new"])) == (TRUNK | AVERAGES, {"5.weight", "5.bias"})
    assert "start_from" not in model.record["network"]


def test_it_works_in_a_notebook_and_the_report_says_where_it_began(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from foldproof.evaluation.assessment import Assessment
    from foldproof.report.information import information

    chosen = job({"start_from": source, "freeze": "all_but_head"}).model_dump(include={"model", "train"})
    split = {"folds": 2}
    names = np.array(OTHERS.schema.classes)[OTHERS.targets]
    found = cross_validate(OTHERS.features, names, {**chosen, "split": split}, name="others")
    told = capsys.readouterr().out
    assert "1.weight" in told
    assert "new head" in told
    assert "freeze: all but the output layer stands still" in told
    assessment = Assessment.from_dict(found.assessment.to_dict())
    assert assessment == found.assessment
    answers = dict(information(assessment, found.model.schema, split_of(OTHERS, job()).audit, {}))
    assert found.model.record["started_from"]["sha256"][:16] in answers["Started from"]
    assert "a model of other data (digits 0)" in answers["Started from"]
    assert "All but the output layer stands still." in answers["Started from"]
