"""Faults written down later, each set before the patterns were changed for what the one before it had shown.

Told at the first look, before any change for them: of the half held out in cases.py 15 of 20, of the fresh ones 10 of
18, of the last ones 11 of 13, after which nothing was changed.
"""

from tests.evaluation.curves.cases import (
    CONSTANT,
    HEALTHY,
    LIMITLESS,
    PLANTED,
    TOO_HIGH,
    Case,
    mlp,
    optimizer,
)

# Written down after the held-out half had been looked at once and before anything was changed for what it had missed;
# trained only when those changes stood.
FRESH = (
    Case(
        "fresh_adam_1",
        "digits",
        TOO_HIGH,
        rows=400,
        model=mlp(64),
        train=optimizer("adam", 1.0, epochs=30, **LIMITLESS),
    ),
    Case("fresh_rmsprop_3", "iris", TOO_HIGH, train=optimizer("rmsprop", 3.0, epochs=60, **LIMITLESS)),
    Case("fresh_adam_10", "wine", TOO_HIGH, train=optimizer("adam", 10.0, epochs=60, **LIMITLESS)),
    Case(
        "fresh_momentum_1",
        "digits",
        (*TOO_HIGH, "unstable"),
        rows=400,
        model=mlp(128, normalisation="none"),
        train=optimizer("momentum", 1.0, epochs=40, **LIMITLESS, **CONSTANT),
    ),
    Case(
        "fresh_sigmoid_8",
        "iris",
        ("flat_start",),
        model=mlp(*[32] * 8, activation="sigmoid", normalisation="none", dropout=0.0),
        train={"epochs": 60},
    ),
    Case(
        "fresh_small_random_6",
        "wine",
        ("flat_start",),
        model=mlp(*[64] * 6, initializer="small_random", normalisation="none", dropout=0.0),
        train={"epochs": 60},
    ),
    Case("fresh_zeros", "breast_cancer", ("flat_start",), model=mlp(64, 64, initializer="zeros"), train={"epochs": 40}),
    Case("fresh_adam_slow", "wine", ("rate_too_low",), train=optimizer("adam", 1e-5)),
    Case(
        "fresh_sgd_slow",
        "digits",
        ("rate_too_low",),
        rows=400,
        model=mlp(64),
        train=optimizer("sgd", 3e-4, epochs=60, **CONSTANT),
    ),
    Case(
        "fresh_digits_by_heart",
        "digits",
        ("overfitting",),
        rows=400,
        damage="labels_shuffled",
        model=mlp(256, dropout=0.0),
        train={"epochs": 80, "early_stopping": {"patience": 80}},
    ),
    Case(
        "fresh_cancer_by_heart",
        "breast_cancer",
        ("overfitting",),
        rows=300,
        damage="labels_shuffled",
        model=mlp(512, dropout=0.0, normalisation="none"),
        train={"epochs": 120},
    ),
    Case("fresh_two_units", "digits", ("underfitting",), model=mlp(2, 2, dropout=0.0), train={"epochs": 60}),
    Case("fresh_dropout_97", "digits", ("underfitting",), rows=900, model=mlp(64, dropout=0.97)),
    Case("fresh_l2", "wine", ("underfitting",), train={"penalty": {"l2": 3.0}}),
    Case("fresh_five_epochs", "digits", ("still_improving",), rows=500, model=mlp(64), train={"epochs": 5, **CONSTANT}),
    Case("fresh_fold_shuffled", "breast_cancer", ("inner_unlike_fold",), damage="first_fold_shuffled"),
    Case(
        "fresh_fold_r2",
        "diabetes",
        ("inner_unlike_fold",),
        damage="first_fold_unpredictable",
        split={"inner_share": 0.3},
    ),
    Case(
        "fresh_inner_shuffled",
        "digits",
        ("mismatch",),
        rows=800,
        damage="inner_validation_shuffled",
        folds=2,
        model=mlp(64),
    ),
)

# The same once more, after the fresh ones had been looked at.
LAST = (
    Case(
        "last_adam_2",
        "digits",
        TOO_HIGH,
        rows=600,
        model=mlp(128),
        train=optimizer("adam", 2.0, epochs=30, **LIMITLESS),
    ),
    Case(
        "last_rate_of_momentum",
        "wine",
        (*TOO_HIGH, "unstable"),
        model=mlp(32, normalisation="none"),
        train=optimizer("momentum", 2.0, epochs=60, **LIMITLESS, **CONSTANT),
    ),
    Case("last_zeros", "iris", ("flat_start",), model=mlp(32, initializer="zeros"), train={"epochs": 60}),
    Case(
        "last_sigmoid_10",
        "breast_cancer",
        ("flat_start",),
        model=mlp(*[32] * 10, activation="sigmoid", normalisation="none"),
        train={"epochs": 40},
    ),
    Case(
        "last_sgd_slow",
        "digits",
        ("rate_too_low",),
        rows=800,
        model=mlp(128),
        train=optimizer("sgd", 1e-4, epochs=60, **CONSTANT),
    ),
    Case("last_adam_slow", "iris", ("rate_too_low",), train=optimizer("adam", 1e-5)),
    Case(
        "last_by_heart",
        "digits",
        ("overfitting",),
        rows=350,
        damage="labels_shuffled",
        model=mlp(384, dropout=0.0, normalisation="none"),
        train={"epochs": 80, "early_stopping": {"patience": 80}},
    ),
    Case("last_diabetes_by_heart", "diabetes", ("overfitting",), rows=300, model=mlp(300, 300, dropout=0.0)),
    Case("last_three_units", "digits", ("underfitting",), rows=1200, model=mlp(2, dropout=0.0), train={"epochs": 60}),
    Case("last_l1", "digits", ("underfitting",), rows=600, model=mlp(64), train={"penalty": {"l1": 0.1}}),
    Case("last_epochs", "diabetes", ("still_improving",), train=optimizer("adam", 0.001, epochs=6, **CONSTANT)),
    Case("last_fold", "digits", ("inner_unlike_fold",), rows=900, damage="first_fold_negative", model=mlp(64)),
    Case("last_inner", "digits", ("mismatch",), rows=1000, damage="inner_validation_noisy", model=mlp(64)),
)

# Not told, and why: the R² of a fold whose targets are noise is 0, too near that of the few inner rows; the penalty did
# not harm the score; of the last, classes of unequal size are learnt from outputs that hang on no row, and a slow start
# on iris falls by a little more than a tenth.
MISSED = frozenset({"fold_of_noise", "fresh_fold_r2", "fresh_l2", "last_sigmoid_10", "last_adam_slow"})
FAULTY = (*PLANTED, *FRESH, *LAST)
CASES = {case.name: case for case in (*HEALTHY, *FAULTY)}
