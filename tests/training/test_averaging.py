"""Averages of weights against torch's AveragedModel and update_bn; what is kept of them, by whom, through what."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from foldproof import randomness
from foldproof.config import Params
from foldproof.data.batches import epoch_batches
from foldproof.data.preprocessing import Inputs, normalise
from foldproof.data.splits import Role
from foldproof.data.statistics import fit_statistics
from foldproof.model.build import build
from foldproof.training.averaging import AVERAGINGS
from foldproof.training.cross_validation import train_members
from foldproof.training.events import EpochEnded, Event
from foldproof.training.fit import fit
from foldproof.training.kept import Kept
from foldproof.training.members import key_of_member, make_data, make_population, make_recipe
from foldproof.training.module import PopulationModule
from foldproof.training.weights import Weights
from tests.training.setting import digits, fit_together, killed_and_resumed, params, split_of

DATA = digits(240)
DECAY, FROM, EPOCHS = 0.9, 0.5, 8
ON = [name for name, row in AVERAGINGS.items() if row is not None]
every_averaging = pytest.mark.parametrize("name", ON)


def job(name: str, snapshots: dict[str, Any] | None = None, **train: Any) -> Params:
    averaging = {"name": name, "ema": {"decay": DECAY}, "swa": {"from_share": FROM}, "snapshots": snapshots or {}}
    return params(
        split={"folds": 3},
        model={"name": "mlp", "dropout": 0.0, "mlp": {"hidden": [12]}},
        train={
            "epochs": EPOCHS,
            "batch_size": 16,
            "precision": "fp64",
            "optimizer": {"name": "sgd", "learning_rate": 0.2},
            "averaging": averaging,
            **train,
        },
    )


@dataclass
class Trace:
    """The weights of all members after every step, as they were; the average is not among them."""

    after: list[Weights] = field(default_factory=list)


@pytest.fixture
def trace(monkeypatch: pytest.MonkeyPatch) -> Trace:
    found, original = Trace(), PopulationModule.configure_optimizers

    def watched(module: PopulationModule) -> Any:
        optimizer = original(module)
        optimizer.register_step_post_hook(lambda *_: found.after.append(module.descent.weights.copy("cpu")))
        return optimizer

    monkeypatch.setattr(PopulationModule, "configure_optimizers", watched)
    return found


def exponential(average: Tensor, newest: Tensor, taken: Tensor | int) -> Tensor:
    """Bias-corrected, as Adam's means are: `(1 - d) sum d^i w / (1 - d^n)`, written as a change of the last one."""
    n = int(taken) + 1
    return average + (newest - average) * (1 - DECAY) / (1 - DECAY**n)


ORACLES: dict[str, Callable[[nn.Module], AveragedModel]] = {
    "ema": lambda network: AveragedModel(network, avg_fn=exponential, use_buffers=True),
    "swa": AveragedModel,
}


def plain_network(weights: Weights, member: int, network: nn.Module) -> nn.Module:
    state, place = {}, 0
    for name, parameter in network.named_parameters():
        state[name] = weights.matrix[member, place : place + parameter.numel()].reshape(parameter.shape)
        place += parameter.numel()
    state |= {name: value[member] for name, value in weights.buffers.items() if name in network.state_dict()}
    network.load_state_dict(state)
    return network


@every_averaging
def test_the_average_is_that_of_torch(name: str, trace: Trace) -> None:
    chosen = job(name, early_stopping={"patience": EPOCHS})
    split = split_of(DATA, chosen)
    steps = split.steps_per_epoch(16)
    kept = fit_together(DATA, split, chosen, (0, 1, 2))
    statistics = fit_statistics(DATA, split, chosen.preprocess)
    center, scale = (torch.from_numpy(array) for array in (statistics.learnt["center"], statistics.learnt["scale"]))
    assert len(trace.after) == EPOCHS * steps
    begins = {"ema": 0, "swa": int(FROM * EPOCHS)}[name]
    for member in range(3):
        best = kept.best_epoch[member]
        assert best >= begins
        key = key_of_member(split.members[member])
        network = build(chosen.model, Inputs(DATA.schema.shape), 10, key).double()
        averaged = ORACLES[name](network)
        for epoch in range(begins, best + 1):
            taken = range(epoch * steps, (epoch + 1) * steps)[-1 if name == "swa" else -steps :]
            for step in taken:
                averaged.update_parameters(plain_network(trace.after[step], member, network))
        if name == "swa":
            data = make_data(DATA, split, (member,), 16, steps)
            order = epoch_batches(data.training, data.keys, best, 16, steps)
            rows = (torch.from_numpy(DATA.features)[index].double() for index in order)
            with randomness.drawing(key):  # of masks that drop nothing
                update_bn([normalise(one, center[member][None], scale[member][None])[0] for one in rows], averaged)
        wanted = torch.cat([one.detach().reshape(-1) for one in averaged.module.parameters()])
        assert torch.allclose(kept.matrix[member], wanted, rtol=1e-10, atol=1e-12)
        for buffer, value in averaged.module.named_buffers():
            if value.is_floating_point() and buffer in averaged.module.state_dict():
                assert torch.allclose(kept.buffers[buffer][member], value, rtol=1e-10, atol=1e-12), buffer


def test_the_moving_average_is_the_mean_with_fading_weights(trace: Trace) -> None:
    """A second oracle, in closed form: `sum d^(n-i) w_i / sum d^(n-i)`."""
    chosen = job("ema")
    split = split_of(DATA, chosen)
    kept = fit_together(DATA, split, chosen, (1,))
    steps = (kept.best_epoch[0] + 1) * split.steps_per_epoch(16)
    shares = DECAY ** np.arange(steps)[::-1].astype(np.float64)
    taken = np.stack([weights.matrix[0].numpy() for weights in trace.after[:steps]])
    np.testing.assert_allclose(kept.matrix[0], (shares[:, None] * taken).sum(0) / shares.sum(), rtol=1e-9, atol=1e-12)


@every_averaging
def test_an_epoch_is_judged_by_its_average(name: str) -> None:
    """The loss told of the best epoch is scikit-learn's, of what the kept weights predict of inner validation."""
    chosen = job(name, accelerator="cpu")
    split, seen = split_of(DATA, chosen), list[Event]()
    statistics = fit_statistics(DATA, split, chosen.preprocess)
    found = train_members(DATA, split, statistics, chosen.model, chosen.train, chosen.augment, [seen.append])
    told = {
        (event.epoch, event.members[place]): loss
        for event in seen
        if isinstance(event, EpochEnded)
        for place, loss in enumerate(event.inner_validation_loss)
    }
    rows = [split.rows(index, Role.INNER_VALIDATION) for index in range(3)]
    for index, predicted in enumerate(found.model.predict_lists(DATA.features, rows)):
        probabilities = predicted.astype(np.float64)
        wanted = log_loss(
            DATA.targets[rows[index]], probabilities / probabilities.sum(1, keepdims=True), labels=range(10)
        )
        best = found.model.members[index]["best_epoch"]
        assert told[best, split.members[index]] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("name", "snapshots"), [("ema", {"every_epochs": 2, "keep": 2}), ("swa", {})])
def test_compaction_changes_nothing_for_those_who_go_on(name: str, snapshots: dict[str, Any]) -> None:
    wild = {"name": "sgd", "learning_rate": 0.5}
    chosen = job(name, snapshots, epochs=14, early_stopping={"patience": 1}, batch_size=8, optimizer=wild)
    split = split_of(DATA, chosen)
    together = fit_together(DATA, split, chosen, (0, 1, 2))
    assert len(set(together.epochs)) > 1, "nobody stopped before the others, so nothing was compacted"
    for index in range(3):
        alone = fit_together(DATA, split, chosen, (index,))
        mine = together.select([index])
        assert alone.facts() == mine.facts()
        for key, value in alone.tensors().items():
            assert torch.allclose(mine.tensors()[key], value, rtol=1e-9, atol=1e-12), key


@every_averaging
def test_members_with_decays_of_their_own_equal_members_alone(name: str) -> None:
    chosen = job(name)
    split = split_of(DATA, chosen)
    statistics = fit_statistics(DATA, split, chosen.preprocess)
    everyone = make_population(DATA, split, statistics, chosen.model, chosen.train, chosen.augment)
    decays = torch.tensor([0.5, 0.9, 0.99], dtype=torch.float64)
    own = replace(everyone, settings={**everyone.settings, "average_decay": decays})
    steps = split.steps_per_epoch(16)

    def fitted(*members: int) -> Kept:
        data = make_data(DATA, split, members, 16, steps)
        recipe = make_recipe(DATA.schema.targets, chosen.train)
        return fit(own.select(torch.tensor(members)), data, recipe, "cpu", "fp64", [])

    together = fitted(0, 1, 2)
    for index in range(3):
        alone = fitted(index)
        assert alone.best_epoch[0] == together.best_epoch[index]
        assert torch.allclose(together.matrix[index], alone.matrix[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "snapshots"),
    [("ema", {}), ("swa", {}), ("none", {"every_epochs": 2, "keep": 3}), ("ema", {"every_epochs": 3})],
)
def test_killed_at_every_epoch_and_resumed_is_straight_through(name: str, snapshots: dict[str, Any]) -> None:
    wild = {"name": "sgd", "learning_rate": 0.5}
    chosen = job(name, snapshots, epochs=14, early_stopping={"patience": 1}, batch_size=8, optimizer=wild)
    split = split_of(DATA, chosen)
    straight = fit_together(DATA, split, chosen, (0, 1, 2))
    assert len(set(straight.epochs)) > 1, "nobody was compacted away; the test would show less than it says"
    resumed = killed_and_resumed(DATA, split, chosen, (0, 1, 2))
    wanted, found = straight.tensors(), resumed.tensors()
    assert wanted.keys() == found.keys()
    assert all(torch.equal(value, found[key]) for key, value in wanted.items())
    assert straight.facts() == resumed.facts()


@every_averaging
def test_beside_the_average_is_kept_what_the_training_without_it_would_have_kept(name: str) -> None:
    stopping = {"patience": 2}
    plain_job = job("none", epochs=20, early_stopping=stopping)
    split = split_of(DATA, plain_job)
    plain = fit_together(DATA, split, plain_job, (0, 1, 2))
    averaged = fit_together(DATA, split, job(name, epochs=20, early_stopping=stopping), (0, 1, 2))
    assert averaged.unaveraged is not None
    compared = [index for index in range(3) if averaged.epochs[index] >= plain.epochs[index]]
    assert compared, "every averaged member stopped before its plain one"
    for index in compared:
        assert averaged.unaveraged.epoch[index] == plain.best_epoch[index]
        assert torch.allclose(averaged.unaveraged.weights.matrix[index], plain.matrix[index], rtol=1e-12, atol=0)
    assert plain.unaveraged is None


def test_a_training_without_averaging_is_not_changed_by_how_it_is_judged() -> None:
    chosen = job("ema", early_stopping={"patience": 30})
    split = split_of(DATA, chosen)
    plain = fit_together(DATA, split, job("none", early_stopping={"patience": 30}), (0, 1))
    averaged = fit_together(DATA, split, chosen, (0, 1))
    assert averaged.unaveraged is not None
    assert torch.equal(averaged.unaveraged.weights.matrix, plain.matrix)


def test_nobody_stops_before_the_mean_has_begun() -> None:
    """A patience of 1 at a rate that makes the loss jump would end it at once."""
    wild: dict[str, Any] = {"optimizer": {"name": "sgd", "learning_rate": 2.0}, "early_stopping": {"patience": 1}}
    chosen = job("swa", **wild, divergence_factor=1e9)
    split = split_of(DATA, chosen)
    kept = fit_together(DATA, split, chosen, (0, 1, 2))
    assert min(kept.best_epoch) >= FROM * EPOCHS
    impatient = fit_together(DATA, split, job("none", **wild, divergence_factor=1e9), (0, 1, 2))
    assert min(impatient.epochs) < FROM * EPOCHS, "patience would not have ended it, so nothing was shown"


def losses_of_epochs(chosen: Params, seed: int) -> list[float]:
    chosen = chosen.model_copy(update={"seed": seed})
    seen: list[Event] = []
    fit_together(DATA, split_of(DATA, chosen), chosen, (0,), [seen.append])
    return [event.inner_validation_loss[0] for event in seen if isinstance(event, EpochEnded)]


def test_the_moving_average_calms_the_inner_validation_loss_at_a_high_constant_rate() -> None:
    """Jumps from epoch to epoch, root mean square over the second half, at five seeds."""

    def jumps(name: str, seed: int) -> float:
        high = {"name": "sgd", "learning_rate": 1.0}
        long = job(name, epochs=16, optimizer=high, early_stopping={"patience": 16}, divergence_factor=1e9)
        return float(np.sqrt(np.mean(np.diff(losses_of_epochs(long, seed)[8:]) ** 2)))

    ratios = [jumps("ema", seed) / jumps("none", seed) for seed in range(5)]
    assert np.mean(ratios) + np.std(ratios, ddof=1) < 1, ratios


def test_snapshots_are_the_weights_at_the_ends_of_the_last_cycles(trace: Trace) -> None:
    """Recorded beside an average whose decay is next to nothing, which is the weights themselves."""
    chosen = job("ema", {"every_epochs": 3, "keep": 2}, epochs=10, early_stopping={"patience": 1})
    chosen = params(**chosen.model_dump(exclude={"schema_version"}) | {"train": without_memory(chosen)})
    split = split_of(DATA, chosen)
    steps = split.steps_per_epoch(16)
    kept = fit_together(DATA, split, chosen, (0, 1, 2))
    assert kept.snapshots is not None
    for member, epochs in enumerate(kept.snapshots.epochs.tolist()):
        ran = kept.epochs[member]
        assert ran % 3 == 0 or ran == 10
        assert epochs == [3 * (ran // 3) - 4, 3 * (ran // 3) - 1]
        if ran == 10:
            for place, epoch in enumerate(epochs):
                wanted = trace.after[(epoch + 1) * steps - 1].matrix[member]
                assert torch.allclose(kept.snapshots.weights.matrix[member, place], wanted, atol=1e-9)


def without_memory(chosen: Params) -> dict[str, Any]:
    train = chosen.train.model_dump()
    train["averaging"]["ema"]["decay"] = 1e-12
    return train
