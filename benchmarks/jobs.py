"""The jobs that the sides are timed on: changes to the shipped params, and what foldproof aims at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foldproof.config import Params, params_from
from foldproof.config.reading import read_yaml

BATCH_SIZE = 64
ROOT = Path(__file__).resolve().parents[1]
MLP: dict[str, Any] = {"model": {"name": "mlp"}, "augment": {"shift": 0}}
SMALL_CNN: dict[str, Any] = {"model": {"cnn": {"channels": [16, 32], "hidden": 64}}}


@dataclass(frozen=True)
class Job:
    """Sections of the shipped params that are changed, and the aims."""

    name: str
    changes: dict[str, Any]
    epochs: int
    against_lightning: float  # the ratios of times, rival's to foldproof's, that foldproof aims at
    against_hand_loop: float
    learning_rates: tuple[float, ...] = ()  # each with every fold; none: the one of the params
    rates_of_rivals: tuple[float, ...] = ()  # those that a rival trains, its time scaled to all of them

    def params(self, seed: int = 0, **train: Any) -> Params:
        """The shipped params with the job's changes and further keys of section `train`; `seed` leaves the folds alone.

        Early stopping is on but never in time to stop, so that every side takes the same number of steps.
        """
        values = read_yaml(ROOT / "params.yaml")
        for section, keys in self.changes.items():
            values[section] = {**values[section], **keys}
        values["train"] |= {"batch_size": BATCH_SIZE, "epochs": self.epochs, "accelerator": "cpu", **train}
        values["train"]["early_stopping"] = {"patience": values["train"]["epochs"]}
        return params_from({**values, "seed": seed})


RATES = tuple(float(rate) for rate in np.geomspace(3e-4, 1e-2, 20).round(6))
HUNDRED = Job(
    "100 members: 20 learning rates x 5 folds, MLP",
    MLP,
    epochs=6,
    against_lightning=5.0,
    against_hand_loop=1.8,
    learning_rates=RATES,
    rates_of_rivals=(RATES[6], RATES[13]),
)
JOBS = (
    Job("5 folds, MLP (128, 128)", MLP, 15, 3.0, 1.3),
    Job("5 folds, small CNN (16, 32; hidden 64)", SMALL_CNN, 8, 2.0, 1.3),
    Job("5 folds, default CNN", {}, 4, 2.0, 1.3),
    HUNDRED,
)
