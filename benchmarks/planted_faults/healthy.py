"""Healthy settings, as shipped and otherwise: whatever a check finds in them is a false alarm."""

from functools import partial

from benchmarks.planted_faults.case import Setting
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
    Setting("digits, cnn as shipped", partial(bundled, "digits"), {}),
    Setting("digits, mlp", partial(bundled, "digits"), {"model": MLP, "augment": {"shift": 0}}),
    Setting("breast_cancer", partial(bundled, "breast_cancer"), {}),
    Setting("wine", partial(bundled, "wine"), {}),
    Setting("iris", partial(bundled, "iris"), {}),
    Setting("diabetes", partial(bundled, "diabetes"), {}),
    Setting("tagged text, parts of speech", tagged, {}),
    Setting("tagged text, entities", partial(tagged, "entity"), {}),
    Setting("bigger table", two_classes, {}),
    Setting("table with gaps", with_gaps, {}),
    Setting("five times as many of one class", partial(two_classes, share=1 / 6), {}),
    Setting("rows in time, without drift", lambda: in_time(two_classes(), 0), {"split": {"kind": "time"}}),
    Setting("smooth numbers", smooth_numbers, {}),
    Setting("a class and a number", two_targets, {}),
    Setting("colour images", gratings, {}),
    Setting("colour images, residual", gratings, {"model": {"name": "residual"}}),
    Setting("bytes, normalised", lambda: as_bytes(digits()), {"model": MLP}),
    Setting("five hundred digits, no normalisation", digits, {"model": {**MLP, "normalisation": "none"}}),
    Setting("five hundred digits, tanh", digits, {"model": {**MLP, "activation": "tanh", "normalisation": "layer"}}),
    Setting("breast_cancer, linear", partial(bundled, "breast_cancer"), {"model": {"name": "linear"}}),
    Setting(
        "wine, momentum at its customary rate",
        partial(bundled, "wine"),
        {"train": {"optimizer": {"name": "momentum", "learning_rate": "auto"}}},
    ),
    Setting(
        "five hundred digits, a little of each penalty",
        digits,
        {"model": MLP, "train": {"penalty": {"l1": 1e-5, "l2": 1e-4}, "optimizer": {"weight_decay": 1e-4}}},
    ),
    Setting(
        "five hundred digits, each class against the rest",
        digits,
        {"model": MLP, "train": {"loss": {"name": "binary_cross_entropy"}}},
    ),
    Setting("diabetes, huber", partial(bundled, "diabetes"), {"train": {"loss": {"name": "huber"}}}),
    Setting("an own network", digits, {"model": {"name": "factory", "factory": f"{OWN}sound"}}),
    Setting(
        "an own network that says logarithms of probabilities",
        digits,
        {"model": {"name": "factory", "factory": f"{OWN}log_softmax_at_the_end"}},
    ),
)
