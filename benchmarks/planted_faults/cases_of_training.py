"""Faults of how a network is trained: rates, penalties, batches."""

from functools import partial

from benchmarks.planted_faults.case import Case
from benchmarks.planted_faults.rows import bundled, digits

RATE = frozenset({"train.optimizer.learning_rate"})
BATCH = frozenset({"train.batch_size", "model.normalisation"})
MLP = {"model": {"name": "mlp"}}


def _rate(rate: float, name: str = "adam") -> dict[str, object]:
    return {"train": {"optimizer": {"name": name, "learning_rate": rate}}}


CASES = (
    Case(
        "a learning rate a thousand times too high, images",
        digits,
        {**MLP, **_rate(3.0)},
        frozenset({"rate_range"}),
        RATE,
    ),
    Case(
        "a learning rate a thousand times too low, images",
        digits,
        {**MLP, **_rate(3e-6)},
        frozenset({"rate_range"}),
        RATE,
    ),
    Case(
        "a learning rate a thousand times too high, a table",
        partial(bundled, "breast_cancer"),
        _rate(3.0),
        frozenset({"rate_range"}),
        RATE,
    ),
    Case(
        "a learning rate a thousand times too low, a table",
        partial(bundled, "diabetes"),
        _rate(3e-6),
        frozenset({"rate_range"}),
        RATE,
    ),
    Case(
        "a learning rate of momentum a thousand times too high",
        digits,
        {**MLP, **_rate(10.0, "momentum")},
        frozenset({"rate_range"}),
        RATE,
    ),
    Case(
        "an L2 penalty far too high",
        digits,
        {**MLP, "train": {"penalty": {"l2": 10}}},
        frozenset({"penalty"}),
        frozenset({"train.penalty.l2"}),
    ),
    Case(
        "an L1 penalty far too high",
        partial(bundled, "breast_cancer"),
        {"train": {"penalty": {"l1": 1}}},
        frozenset({"penalty"}),
        frozenset({"train.penalty.l1"}),
    ),
    Case(
        "a weight decay far too high",
        digits,
        {**MLP, "train": {"optimizer": {"weight_decay": 10}}},
        frozenset({"penalty"}),
        frozenset({"train.optimizer.weight_decay"}),
    ),
    Case(
        "batch normalisation with one row a step",
        digits,
        {**MLP, "train": {"batch_size": 1}},
        frozenset({"batches"}),
        BATCH,
    ),
    Case(
        "an own network with batch normalisation and two rows a step",
        partial(bundled, "wine"),
        {
            "model": {"name": "factory", "factory": "benchmarks.planted_faults.networks:normalised_over_the_batch"},
            "train": {"batch_size": 2},
        },
        frozenset({"batches"}),
        frozenset({"train.batch_size"}),
    ),
)
