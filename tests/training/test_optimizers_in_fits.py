"""Every optimizer through the whole of a fit: alone is stacked, killed and resumed is straight."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from foldproof.config import Params
from foldproof.config.optimizer import OptimizerName
from foldproof.data.splits import Member
from foldproof.errors import ConfigError
from foldproof.training import members as members_of
from foldproof.training.events import EpochEnded, Event
from foldproof.training.kept import Kept
from foldproof.training.optimizers import OPTIMIZERS
from tests.training.setting import diabetes, digits, fit_together, killed_and_resumed, params, split_of

DATASET = digits(120)
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def job(name: OptimizerName, precision: str = "fp64", **train: Any) -> Params:
    """Batch normalisation over constant pixels, dropout, warm-up and a schedule that reacts on inner validation."""
    full = any(limit.key == "batch_size" for limit in OPTIMIZERS[name].limits)
    return params(
        split={"folds": 3, "inner_share": 0.2},
        preprocess={"center": "channel", "scale": "channel"},
        model={"name": "mlp", "dropout": 0.2, "mlp": {"hidden": [12]}},
        train={
            "epochs": 5,
            "batch_size": "full" if full else 16,
            "optimizer": {"name": name},
            "schedule": {"name": "plateau", "warmup_epochs": 1, "plateau": {"patience": 1}},
            "precision": precision,
            **train,
        },
    )


class Prototypes(nn.Module):
    """A class by its mean pixel's row in a table of embeddings, beside a linear layer."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(40, 3)
        self.head = nn.Linear(inputs + 3, outputs)
        with torch.no_grad():
            self.rows.weight.copy_(torch.linspace(-1, 1, 120).reshape(40, 3))
            self.head.weight.copy_(torch.linspace(-0.1, 0.1, self.head.weight.numel()).reshape(outputs, -1))
            self.head.bias.zero_()

    def forward(self, inputs: Tensor) -> Tensor:
        flat = inputs.flatten(1)
        named = flat.abs().mean(1).mul(10).clamp(0, 39).long()
        outputs: Tensor = self.head(torch.cat([flat, self.rows(named)], dim=1))
        return outputs


@pytest.fixture
def fitting_network(monkeypatch: pytest.MonkeyPatch, name: OptimizerName) -> None:
    """The network of the params, or one with embeddings where the optimizer is made for them."""
    if OPTIMIZERS[name].layer is nn.Embedding:
        monkeypatch.setattr(
            members_of, "build", lambda _, given, outputs, *__: Prototypes(given.shape[-1] ** 2, outputs)
        )


@every_optimizer
@pytest.mark.usefixtures("fitting_network")
def test_alone_is_stacked_and_resumed_is_straight(name: OptimizerName) -> None:
    chosen = job(name)
    split = split_of(DATASET, chosen)
    together = fit_together(DATASET, split, chosen, (0, 1, 2))
    alone = fit_together(DATASET, split, chosen, (1,))
    assert torch.allclose(together.matrix[1], alone.matrix[0], rtol=1e-7, atol=1e-9)
    resumed = killed_and_resumed(DATASET, split, chosen, (0, 1, 2))
    assert torch.equal(resumed.matrix, together.matrix)
    assert all(torch.equal(resumed.buffers[key], value) for key, value in together.buffers.items())


@every_optimizer
@pytest.mark.usefixtures("fitting_network")
def test_training_lowers_the_loss(name: OptimizerName) -> None:
    chosen = job(name, "fp32", schedule={"name": "constant"}, epochs=15)
    seen: list[Event] = []
    fit_together(DATASET, split_of(DATASET, chosen), chosen, (0,), [seen.append])
    losses = [event.training_loss[0] for event in seen if isinstance(event, EpochEnded)]
    assert losses[-1] < losses[0]


def test_rates_that_fall_are_torchs_by_each_members_own_losses() -> None:
    rate, factor, smallest = 2.0, 0.3, 0.05
    falling = {"name": "plateau", "plateau": {"factor": factor, "patience": 1, "smallest": smallest}}
    descending = {"name": "sgd", "learning_rate": rate}
    chosen = job("sgd", schedule=falling, optimizer=descending, early_stopping={"patience": 2}, epochs=14)
    seen: list[Event] = []
    kept = fit_together(DATASET, split_of(DATASET, chosen), chosen, (0, 1, 2), [seen.append])
    ended = [event for event in seen if isinstance(event, EpochEnded)]
    assert len(set(kept.epochs)) > 1, "nobody was compacted away; the test would show less than it says"
    assert any(len(set(event.learning_rate)) > 1 for event in ended), "all rates fell together"
    optimizers = {member: torch.optim.SGD([nn.Parameter(torch.zeros(1))], rate) for member in ended[0].members}
    theirs = {  # torch counts the epochs that are let pass, not the one that makes the rate fall
        member: ReduceLROnPlateau(one, factor=factor, patience=0, threshold=0, min_lr=smallest * rate, eps=0)
        for member, one in optimizers.items()
    }
    for event in ended:
        for member, told, loss in zip(event.members, event.learning_rate, event.inner_validation_loss, strict=True):
            assert told == pytest.approx(optimizers[member].param_groups[0]["lr"], rel=1e-12)
            theirs[member].step(loss)
    resumed: list[Event] = []
    killed_and_resumed(DATASET, split_of(DATASET, chosen), chosen, (0, 1, 2), [resumed.append])
    assert [event for event in resumed if isinstance(event, EpochEnded)] == ended


def test_a_plateau_is_each_members_own_also_after_others_have_stopped_and_after_a_death() -> None:
    chosen = params(
        split={"folds": 3},
        model={"name": "mlp", "dropout": 0.2, "mlp": {"hidden": [16]}},
        train={
            "epochs": 25,
            "batch_size": 16,
            "precision": "fp64",
            "optimizer": {"learning_rate": 0.02},
            "schedule": {"name": "plateau", "plateau": {"patience": 1, "factor": 0.7}},
            "early_stopping": {"patience": 3},
        },
    )
    dataset = diabetes()
    split = split_of(dataset, chosen)

    def rates(*members: int) -> tuple[Kept, dict[Member, list[float]]]:
        seen: list[Event] = []
        kept = fit_together(dataset, split, chosen, members, [seen.append])
        found: dict[Member, list[float]] = {}
        for event in seen:
            if isinstance(event, EpochEnded):
                for member, rate in zip(event.members, event.learning_rate, strict=True):
                    found.setdefault(member, []).append(rate)
        return kept, found

    kept, together = rates(0, 1, 2)
    assert len(set(kept.epochs)) > 1, "nobody stopped before the others, so nothing was compacted"
    assert len({tuple(course) for course in together.values()}) > 1
    for index in range(3):
        alone, own = rates(index)
        assert torch.allclose(kept.matrix[index], alone.matrix[0], rtol=1e-9, atol=1e-12)
        assert own == {split.members[index]: together[split.members[index]]}
    assert torch.equal(killed_and_resumed(dataset, split, chosen, (0, 1, 2)).matrix, kept.matrix)


def test_sparse_adam_asks_for_embeddings() -> None:
    chosen = job("sparse_adam")
    with pytest.raises(ConfigError, match=r"train\.optimizer\.name: found sparse_adam.*Embedding.*legal here: .*adam"):
        fit_together(DATASET, split_of(DATASET, chosen), chosen, (0,))


@pytest.mark.parametrize(
    ("name", "train", "told"),
    [
        ("lbfgs", {"batch_size": 16}, "train.batch_size: found 16, legal with lbfgs: full"),
        ("gradient_descent", {"batch_size": 1}, "train.batch_size: found 1, legal with gradient_descent: full"),
        ("lbfgs", {"precision": "bf16"}, "train.precision: found bf16, legal with lbfgs: fp32 or fp64"),
        ("lbfgs", {"max_norm": 2.5}, "train.max_norm: found 2.5, legal with lbfgs: null"),
    ],
)
def test_what_an_optimizer_cannot_work_with_is_refused(name: OptimizerName, train: dict[str, Any], told: str) -> None:
    chosen = job(name, **train)
    with pytest.raises(ConfigError) as refusal:
        members_of.make_recipe(digits().schema.targets, chosen.train)
    assert any(problem.startswith(told) for problem in refusal.value.problems)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    chosen = job("lbfgs", batch_size=8, gradient_clip_norm=1.0, gradient_clip_value=1.0, max_norm=1.0)
    with pytest.raises(ConfigError) as refusal:
        members_of.make_recipe(digits().schema.targets, chosen.train)
    assert len(refusal.value.problems) == 4
