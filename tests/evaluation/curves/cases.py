"""Trainings that go well and trainings with a planted fault, and what the diagnosis of their curves must say.

They were written down before any threshold was chosen. Those that `held_out` were trained and looked at only when all
thresholds stood. `make.py` trains them; their curves lie beside this file.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

Section = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Changes to the shipped params and the data, and the diagnoses of which one must be told; none where healthy."""

    name: str
    data: str
    shows: tuple[str, ...] = ()
    rows: int | None = None  # the first so many of the rows, shuffled
    damage: str = ""  # done to the rows, by a function of make.py
    folds: int = 3
    model: Section = field(default_factory=dict)
    train: Section = field(default_factory=dict)
    split: Section = field(default_factory=dict)

    @property
    def held_out(self) -> bool:
        """Whether it is of the half that chose no threshold; drawn by a hash of the name. Healthy ones are not."""
        return bool(self.shows) and sha256(self.name.encode()).digest()[-1] % 2 == 1


def mlp(*hidden: int, **keys: Any) -> Section:
    return {"name": "mlp", "mlp": {"hidden": list(hidden)}, **keys}


def optimizer(name: str, rate: float, **train: Any) -> Section:
    return {"optimizer": {"name": name, "learning_rate": rate}, **train}


CONSTANT: Section = {"schedule": {"name": "constant"}}
SMALL: Section = {"data": "digits", "rows": 300, "model": mlp(64)}
TOO_HIGH = ("rate_too_high", "diverged")
LIMITLESS: Section = {"divergence_factor": 1e30}

HEALTHY = (
    Case("digits_cnn", "digits", folds=2),
    Case("digits_mlp", "digits", model={"name": "mlp"}),
    Case("breast_cancer", "breast_cancer"),
    Case("wine", "wine"),
    Case("iris", "iris"),
    Case("diabetes", "diabetes"),
    Case("text", "text", folds=2),
    Case("digits_300", **SMALL),
    Case("digits_nesterov", "digits", model={"name": "mlp"}, train=optimizer("nesterov", 0.01)),
    Case("diabetes_linear", "diabetes", model={"name": "linear"}),
)
PLANTED = (
    Case("sgd_times_1000", **SMALL, shows=TOO_HIGH, train=optimizer("sgd", 10.0, epochs=30, **LIMITLESS)),
    Case("adam_times_1000", **SMALL, shows=TOO_HIGH, train=optimizer("adam", 3.0, epochs=30, **LIMITLESS)),
    Case(
        "below_divergence",
        "digits",
        (*TOO_HIGH, "unstable"),
        rows=300,
        model=mlp(64, normalisation="none", dropout=0.0),
        train=optimizer("momentum", 0.5, epochs=30, **LIMITLESS, **CONSTANT),
    ),
    Case(
        "breast_cancer_adam_1",
        "breast_cancer",
        (*TOO_HIGH, "unstable"),
        model=mlp(64, normalisation="none"),
        train=optimizer("adam", 1.0, epochs=40, **LIMITLESS, **CONSTANT),
    ),
    Case(
        "diabetes_rate_too_high",
        "diabetes",
        (*TOO_HIGH, "unstable"),
        model=mlp(64, normalisation="none"),
        train=optimizer("adam", 1.0, epochs=40, **LIMITLESS, **CONSTANT),
    ),
    Case("adam_by_1000", **SMALL, shows=("rate_too_low",), train=optimizer("adam", 3e-6, epochs=60)),
    Case("sgd_by_1000", **SMALL, shows=("rate_too_low",), train=optimizer("sgd", 1e-5, epochs=60)),
    Case("diabetes_by_1000", "diabetes", ("rate_too_low",), train=optimizer("adam", 3e-6)),
    Case("breast_cancer_by_1000", "breast_cancer", ("rate_too_low",), train=optimizer("adam", 3e-6, epochs=60)),
    Case("zeros", "digits", ("flat_start",), rows=300, model=mlp(64, initializer="zeros"), train={"epochs": 30}),
    Case(
        "sigmoid_12",
        "digits",
        ("flat_start",),
        rows=300,
        model=mlp(*[64] * 12, activation="sigmoid", normalisation="none", dropout=0.0),
        train={"epochs": 30},
    ),
    Case(
        "small_random_8",
        "digits",
        ("flat_start",),
        rows=300,
        model=mlp(*[64] * 8, initializer="small_random", normalisation="none", dropout=0.0),
        train={"epochs": 30},
    ),
    Case(
        "sigmoid_5_wakes",
        "digits",
        ("flat_start",),
        rows=600,
        model=mlp(*[64] * 5, activation="sigmoid", normalisation="none", dropout=0.0),
        train={"epochs": 60, "early_stopping": {"patience": 60}, **CONSTANT},
    ),
    Case(
        "labels_by_heart",
        "digits",
        ("overfitting",),
        rows=300,
        damage="labels_shuffled",
        model=mlp(512, 512, dropout=0.0),
        train={"epochs": 60, "early_stopping": {"patience": 60}},
    ),
    Case(
        "diabetes_by_heart",
        "diabetes",
        ("overfitting",),
        model=mlp(256, 256, dropout=0.0),
        train=optimizer("adam", 0.003),
    ),
    Case(
        "noise_columns_by_heart",
        "breast_cancer",
        ("overfitting",),
        rows=200,
        damage="labels_shuffled",
        model=mlp(256, 256, dropout=0.0),
        train={"epochs": 100},
    ),
    Case("three_epochs", **SMALL, shows=("still_improving",), train=optimizer("adam", 0.003, epochs=3, **CONSTANT)),
    Case("ten_epochs", **SMALL, shows=("still_improving",), train=optimizer("sgd", 0.01, epochs=10, **CONSTANT)),
    Case(
        "diabetes_ten_epochs",
        "diabetes",
        ("still_improving", "rate_too_low"),
        train=optimizer("adam", 0.0003, epochs=10, **CONSTANT),
    ),
    Case("one_unit", "digits", ("underfitting",), model=mlp(1, dropout=0.0), train={"epochs": 60}),
    Case("linear_rings", "rings", ("underfitting",), model={"name": "linear"}, train={"epochs": 60}),
    Case("dropout_95", **{**SMALL, "model": mlp(64, dropout=0.95)}, shows=("underfitting",)),
    Case("penalty_1", **SMALL, shows=("underfitting",), train={"penalty": {"l2": 1.0}}),
    Case(
        "rows_of_4_steps_too_long",
        "digits",
        ("unstable", *TOO_HIGH),
        rows=300,
        model=mlp(64, normalisation="none"),
        train=optimizer("adam", 0.03, batch_size=4, epochs=40, **LIMITLESS, **CONSTANT),
    ),
    Case(
        "unstable_momentum",
        "wine",
        ("unstable", *TOO_HIGH),
        model=mlp(64, normalisation="none", dropout=0.0),
        train=optimizer("momentum", 0.3, epochs=60, batch_size=8, **LIMITLESS, **CONSTANT),
    ),
    Case("fold_of_negatives", "digits", ("inner_unlike_fold",), damage="first_fold_negative", model={"name": "mlp"}),
    Case("fold_of_noise", "diabetes", ("inner_unlike_fold",), damage="first_fold_unpredictable"),
    Case(
        "inner_negatives",
        "digits",
        ("mismatch",),
        damage="inner_validation_negative",
        folds=2,
        model={"name": "mlp"},
    ),
    Case(
        "inner_labels_shuffled",
        "digits",
        ("mismatch",),
        damage="inner_validation_shuffled",
        folds=2,
        model={"name": "mlp"},
    ),
    Case(
        "hundred_rows_by_heart",
        "digits",
        ("overfitting",),
        rows=200,
        damage="labels_shuffled",
        model=mlp(512, dropout=0.0),
        train={"epochs": 80, "early_stopping": {"patience": 80}},
    ),
    Case(
        "diabetes_wide",
        "diabetes",
        ("overfitting",),
        model=mlp(512, dropout=0.0, normalisation="none"),
        train=optimizer("adam", 0.001),
    ),
    Case("nesterov_times_1000", **SMALL, shows=TOO_HIGH, train=optimizer("nesterov", 10.0, epochs=30, **LIMITLESS)),
    Case("wine_adam_3", "wine", TOO_HIGH, train=optimizer("adam", 3.0, epochs=40, **LIMITLESS, **CONSTANT)),
    Case(
        "fold_of_shuffled_labels", "digits", ("inner_unlike_fold",), damage="first_fold_shuffled", model={"name": "mlp"}
    ),
    Case(
        "diabetes_inner_shifted",
        "diabetes",
        ("mismatch", "inner_unlike_fold"),
        damage="inner_validation_moved",
        split={"inner_share": 0.2},
    ),
    Case(
        "cancer_inner_shuffled", "breast_cancer", ("mismatch", "inner_unlike_fold"), damage="inner_validation_shuffled"
    ),
    Case(
        "wine_by_heart",
        "wine",
        ("overfitting",),
        damage="labels_shuffled",
        model=mlp(256, dropout=0.0),
    ),
    Case("diabetes_256_by_heart", "diabetes", ("overfitting",), model=mlp(256, dropout=0.0)),
    Case(
        "digits_half_shuffled",
        "digits",
        ("overfitting",),
        rows=500,
        damage="labels_shuffled",
        model=mlp(256, 256, dropout=0.0, normalisation="none"),
        train=optimizer("adam", 0.001, epochs=60),
    ),
    Case("inner_noise", "digits", ("mismatch",), damage="inner_validation_noisy", model=mlp(64)),
    Case("wine_inner_shuffled", "wine", ("mismatch", "inner_unlike_fold"), damage="inner_validation_shuffled"),
)
