"""Healthy settings, as shipped and otherwise: whatever a check finds in them is a false alarm."""

from functools import partial

from benchmarks.planted_faults.case import Healthy
from benchmarks.planted_faults.rows import (
    bundled,
    digits,
    gratings,
    smooth_numbers,
    tagged,
    two_classes,
    two_targets,
    with_gaps,
)
from benchmarks.planted_faults.spoiled_rows import as_bytes, in_time

SEEDS = range(3)
MLP = {"name": "mlp"}
OWN = "benchmarks.planted_faults.networks:"

HEALTHY = (
    Healthy("digits, cnn as shipped", partial(bundled, "digits"), {}),
    Healthy("digits, mlp", partial(bundled, "digits"), {"model": MLP, "augment": {"shift": 0}}),
    Healthy("breast_cancer", partial(bundled, "breast_cancer"), {}),
    Healthy("wine", partial(bundled, "wine"), {}),
    Healthy("iris", partial(bundled, "iris"), {}),
    Healthy("diabetes", partial(bundled, "diabetes"), {}),
    Healthy("tagged text, parts of speech", tagged, {}),
    Healthy("tagged text, entities", partial(tagged, "entity"), {}),
    Healthy("bigger table", two_classes, {}),
    Healthy("table with gaps", with_gaps, {}),
    Healthy("five times as many of one class", partial(two_classes, share=1 / 6), {}),
    Healthy("rows in time, without drift", lambda: in_time(two_classes(), 0), {"split": {"kind": "time"}}),
    Healthy("smooth numbers", smooth_numbers, {}),
    Healthy("a class and a number", two_targets, {}),
    Healthy("colour images", gratings, {}),
    Healthy("colour images, residual", gratings, {"model": {"name": "residual"}}),
    Healthy("bytes, normalised", lambda: as_bytes(digits()), {"model": MLP}),
    Healthy("five hundred digits, no normalisation", digits, {"model": {**MLP, "normalisation": "none"}}),
    Healthy("five hundred digits, tanh", digits, {"model": {**MLP, "activation": "tanh", "normalisation": "layer"}}),
    Healthy("breast_cancer, linear", partial(bundled, "breast_cancer"), {"model": {"name": "linear"}}),
    Healthy(
        "wine, momentum at its customary rate",
        partial(bundled, "wine"),
        {"train": {"optimizer": {"name": "momentum", "learning_rate": "auto"}}},
    ),
    Healthy(
        "five hundred digits, a little of each penalty",
        digits,
        {"model": MLP, "train": {"penalty": {"l1": 1e-5, "l2": 1e-4}, "optimizer": {"weight_decay": 1e-4}}},
    ),
    Healthy(
        "five hundred digits, each class against the rest",
        digits,
        {"model": MLP, "train": {"loss": {"name": "binary_cross_entropy"}}},
    ),
    Healthy("diabetes, huber", partial(bundled, "diabetes"), {"train": {"loss": {"name": "huber"}}}),
    Healthy("an own network", digits, {"model": {"name": "factory", "factory": f"{OWN}sound"}}),
    Healthy(
        "an own network that says logarithms of probabilities",
        digits,
        {"model": {"name": "factory", "factory": f"{OWN}log_softmax_at_the_end"}},
    ),
)
