"""A member does not know its neighbours: alone, among 5 or 20, or as a plain module, it is the same."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from foldproof import randomness
from foldproof.config import Params
from foldproof.config.optimizer import OptimizerName
from foldproof.data.augmentation import augment
from foldproof.data.batches import epoch_batches
from foldproof.data.preprocessing import Inputs, normalise
from foldproof.data.statistics import fit_statistics
from foldproof.model.build import build
from foldproof.training.events import EpochEnded, Event
from foldproof.training.fit import fit
from foldproof.training.kept import Kept
from foldproof.training.members import key_of_member, make_data, make_population, make_recipe
from foldproof.training.optimizers import OPTIMIZERS
from tests.training.setting import diabetes, digits, fit_together, params, split_of

STEPS = 200
TORCH: dict[str, Any] = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "adam": (torch.optim.Adam, {"betas": (0.9, 0.999), "eps": 1e-8}),
    "adamw": (torch.optim.AdamW, {"betas": (0.9, 0.999), "eps": 1e-8}),
}
# One of each arithmetic; the whole table has its contract in test_optimization.py.
every_optimizer = pytest.mark.parametrize("optimizer", TORCH)


def job(optimizer: str, precision: str = "fp64", **model: Any) -> Params:
    """Dropout, augmentation, batch normalisation, decay, clipping and smoothing on; 200 steps of 16 rows."""
    network = {"dropout": 0.3, "cnn": {"channels": [4, 8], "hidden": 16}, **model}
    return params(
        split={"folds": 5, "repeats": 4, "test_share": 0.1},
        preprocess={"scale": "channel"},
        augment={"shift": 1, "noise": 0.2},
        model=network,
        train={
            "epochs": 20,
            "batch_size": 16,
            "label_smoothing": 0.05,
            "gradient_clip_norm": 1.0,
            "optimizer": {"name": optimizer, "weight_decay": 0.01},
            "schedule": {"name": "exponential", "exponential": {"decay_per_epoch": 0.05}},
            "early_stopping": {"patience": 20},
            "precision": precision,
        },
    )


@cache
def trained(optimizer: str, precision: str, members: tuple[int, ...], smooth: bool = False) -> Kept:
    chosen = job(optimizer, precision, **(SMOOTH if smooth else {}))
    dataset = digits()
    split = split_of(dataset, chosen)
    kept = fit_together(dataset, split, chosen, members)
    assert all((best + 1) * split.steps_per_epoch(16) >= STEPS for best in kept.best_epoch), kept.best_epoch
    return kept


SMOOTH = {"activation": "tanh", "cnn": {"channels": [4, 8], "hidden": 16, "pooling": "average"}}


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@every_optimizer
@pytest.mark.parametrize("together", [5, 20])
def test_alone_equals_stacked_in_float64(optimizer: str, together: int) -> None:
    alone = trained(optimizer, "fp64", (3,))
    stacked = trained(optimizer, "fp64", tuple(range(together)))
    assert alone.best_epoch[0] == stacked.best_epoch[3]
    assert relative(stacked.matrix[3], alone.matrix[0]) < 1e-9
    for name, values in alone.buffers.items():
        assert torch.allclose(stacked.buffers[name][3], values[0], rtol=1e-9, atol=1e-12), name


@every_optimizer
def test_alone_equals_stacked_in_float32_on_a_smooth_network(optimizer: str) -> None:
    alone = trained(optimizer, "fp32", (3,), smooth=True)
    stacked = trained(optimizer, "fp32", tuple(range(5)), smooth=True)
    assert alone.best_epoch[0] == stacked.best_epoch[3]
    assert relative(stacked.matrix[3], alone.matrix[0]) < 1e-4


@every_optimizer
def test_stacked_equals_a_plain_module_with_torch_optim(optimizer: OptimizerName) -> None:
    """The oracle: one `nn.Module`, one optimizer of torch with parameter groups, a loop that anyone could write."""
    chosen = job(optimizer)
    dataset = digits()
    split = split_of(dataset, chosen)
    steps = split.steps_per_epoch(16)
    stacked = trained(optimizer, "fp64", tuple(range(5)))
    member = split.members[3]
    key = key_of_member(member)
    network = build(chosen.model, Inputs(dataset.schema.shape), 10, key).double()
    make, settings = TORCH[optimizer]
    rate = OPTIMIZERS[optimizer].learning_rate
    groups = [
        {"params": [p for p in network.parameters() if p.dim() > 1], "weight_decay": 0.01},
        {"params": [p for p in network.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    by_hand = make(groups, lr=rate, **settings)
    decay = torch.optim.lr_scheduler.LambdaLR(
        by_hand, lambda step: float(torch.exp(torch.tensor(-0.05 * step / steps, dtype=torch.float64)))
    )
    data = make_data(dataset, split, (3,), 16, steps)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    center, scale = (
        torch.from_numpy(array[3:4]) for array in (statistics.learnt["center"], statistics.learnt["scale"])
    )
    strength = {"shift": torch.tensor([1.0], dtype=torch.float64), "noise": torch.tensor([0.2], dtype=torch.float64)}
    step = 0
    for epoch in range(stacked.best_epoch[3] + 1):
        for index in epoch_batches(data.training, key[None], epoch, 16, steps):
            now = randomness.fold_in(key[None], step)
            rows = augment(torch.from_numpy(dataset.features)[index].double(), strength, now, {})
            with randomness.drawing(now[0]):
                outputs = network(normalise(rows, center, scale)[0])
            loss = F.cross_entropy(outputs, torch.from_numpy(dataset.targets)[index[0]], label_smoothing=0.05)
            by_hand.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            by_hand.step()
            decay.step()
            step += 1
    wanted = torch.cat([p.detach().reshape(-1) for p in network.parameters()])
    assert relative(stacked.matrix[3], wanted) < 1e-9


def test_order_and_masks_are_exactly_those_of_the_member_alone() -> None:
    chosen = job("adam")
    dataset = digits()
    split = split_of(dataset, chosen)
    everyone = make_data(dataset, split, tuple(range(20)), 16, 5)
    alone = make_data(dataset, split, (7,), 16, 5)
    for epoch in range(3):
        together = epoch_batches(everyone.training, everyone.keys, epoch, 16, 5)
        assert torch.equal(together[:, 7:8], epoch_batches(alone.training, alone.keys, epoch, 16, 5))
    masks = randomness.uniform(randomness.at(randomness.fold_in(everyone.keys, 11), "dropout"), (16, 8))
    mine = randomness.uniform(randomness.at(randomness.fold_in(alone.keys, 11), "dropout"), (16, 8))
    assert torch.equal(masks[7:8], mine)


def test_compaction_changes_nothing_for_those_who_go_on() -> None:
    """One member stops after its first epochs; the others' figures equal those of members trained alone."""
    chosen = params(
        split={"folds": 3},
        model={"name": "mlp", "dropout": 0.2, "mlp": {"hidden": [16]}},
        train={
            "epochs": 40,
            "batch_size": 16,
            "precision": "fp64",
            "optimizer": {"learning_rate": 0.02},
            "early_stopping": {"patience": 2},
        },
    )
    dataset = diabetes()
    split = split_of(dataset, chosen)
    seen: list[Event] = []
    together = fit_together(dataset, split, chosen, (0, 1, 2), [seen.append])
    running = [event.running for event in seen if isinstance(event, EpochEnded)]
    assert len(set(together.epochs)) > 1, "nobody stopped before the others, so nothing was compacted"
    assert running[-1] == 0
    for index in range(3):
        alone = fit_together(dataset, split, chosen, (index,))
        assert alone.epochs[0] == together.epochs[index]
        assert alone.best_epoch[0] == together.best_epoch[index]
        assert relative(together.matrix[index], alone.matrix[0]) < 1e-9


def test_members_with_settings_of_their_own_equal_members_alone() -> None:
    """Learning rate, decay, dropout, smoothing, clipping and augmentation differ between the two members."""
    chosen = job("adamw")
    dataset = digits()
    split = split_of(dataset, chosen)
    statistics = fit_statistics(dataset, split, chosen.preprocess)
    everyone = make_population(dataset, split, statistics, chosen.model, chosen.train, chosen.augment)
    settings = {name: torch.cat([value[:1] * 0.3, value[1:]]) for name, value in everyone.settings.items()}
    buffers = {
        name: torch.cat([value[:1] * 0.5, value[1:]]) if name.endswith("rate") else value
        for name, value in everyone.buffers.items()
    }
    assert any(name.endswith("rate") for name in buffers)
    own = replace(everyone, settings=settings, buffers=buffers, strengths={"shift": torch.linspace(0, 2, 20).double()})
    steps = split.steps_per_epoch(16)
    recipe = make_recipe(dataset.schema.targets, chosen.train)

    def fitted(*members: int) -> Kept:
        data = make_data(dataset, split, members, 16, steps)
        return fit(own.select(torch.tensor(members)), data, recipe, "cpu", "fp64", [])

    together = fitted(0, 1)
    for index in (0, 1):
        assert relative(together.matrix[index], fitted(index).matrix[0]) < 1e-9


def test_packing_in_several_populations_gives_the_same_members() -> None:
    first, second = (trained("adam", "fp64", members) for members in ((0, 1, 2), (3, 4)))
    whole = trained("adam", "fp64", tuple(range(5)))
    assert relative(torch.cat([first.matrix, second.matrix]), whole.matrix) < 1e-9


def test_the_same_fit_gives_the_same_bits() -> None:
    dataset = digits()
    chosen = job("adam", "fp32")
    split = split_of(dataset, chosen)
    first, second = (fit_together(dataset, split, chosen, (0, 1)) for _ in range(2))
    assert torch.equal(first.matrix, second.matrix)
