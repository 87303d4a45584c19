"""Faults of rows, labels and the split: what is handed to the network, and what it is to say of it."""

from functools import partial

import numpy as np

from benchmarks.planted_faults.case import Case
from benchmarks.planted_faults.rows import bundled, digits, smooth_numbers, tagged, two_classes
from benchmarks.planted_faults.spoiled_rows import (
    NO_NUMBER,
    as_bytes,
    in_time,
    not_finite,
    off_by_one,
    one_class_as_two,
    rare,
    shuffled,
    target_not_finite,
    with_a_code_of_the_class,
    with_a_curve_of_the_target,
    with_columns,
    with_the_target,
)

DATA = frozenset({"data.source", "data.path", "data.target"})  # the rows themselves are wrong
SCALING = frozenset({"preprocess.center", "preprocess.scale"})
DROPPING = frozenset({"data.drop"})
UNSCALED = {"preprocess": {"center": "none", "scale": "none"}}
MLP = {"model": {"name": "mlp"}}

CASES = (
    Case(
        "labels of images shuffled",
        lambda: shuffled(digits()),
        MLP,
        frozenset({"relation"}),
        DATA,
    ),
    Case(
        "labels of a table shuffled",
        lambda: shuffled(bundled("breast_cancer")),
        {},
        frozenset({"relation"}),
        DATA,
    ),
    Case(
        "tags of text shuffled",
        lambda: shuffled(tagged()),
        {},
        frozenset({"relation"}),
        DATA,
    ),
    Case(
        "numbers to predict shuffled",
        lambda: shuffled(bundled("diabetes")),
        {},
        frozenset({"relation"}),
        DATA,
    ),
    Case(
        "classes of a table off by one row",
        lambda: off_by_one(bundled("breast_cancer")),
        {},
        frozenset({"relation"}),
        DATA,
    ),
    Case(
        "numbers of a table off by one row",
        lambda: off_by_one(smooth_numbers()),
        {},
        frozenset({"relation"}),
        DATA,
    ),
    Case(
        "labels of images off by one row",
        lambda: off_by_one(digits()),
        MLP,
        frozenset({"relation"}),
        DATA,
    ),
    Case(
        "tags of text off by one token",
        lambda: off_by_one(tagged()),
        {},
        frozenset({"relation"}),
        DATA | {"data.columns"},
    ),
    Case(
        "half of the digits 3 called three",
        lambda: one_class_as_two(bundled("digits"), "3", "three"),
        MLP,
        frozenset({"same_classes"}),
        DATA,
    ),
    Case(
        "a cultivar of wine under two names",
        lambda: one_class_as_two(bundled("wine"), "class_1", "Class 1"),
        {},
        frozenset({"same_classes"}),
        DATA,
    ),
    Case(
        "a class with seven training rows",
        lambda: rare(digits(), "8", 12),
        MLP,
        frozenset({"class_sizes"}),
        DATA | {"train.class_weights"},
    ),
    Case(
        "one class forty times the other",
        lambda: two_classes(share=1 / 41),
        {},
        frozenset({"class_sizes"}),
        frozenset({"train.class_weights"}),
    ),
    Case(
        "two columns of one value",
        lambda: with_columns(bundled("wine"), np.full(178, 3.0), np.zeros(178)),
        {},
        frozenset({"constant_features"}),
        DROPPING,
    ),
    Case(
        "the class is among the columns",
        lambda: with_the_target(bundled("breast_cancer")),
        {},
        frozenset({"leaking_feature"}),
        DROPPING,
    ),
    Case(
        "a code of the class is among the columns",
        lambda: with_a_code_of_the_class(bundled("wine"), (5.0, -3.0, 1.0)),
        {},
        frozenset({"leaking_feature"}),
        DROPPING,
    ),
    Case(
        "the number to predict is among the columns, with noise",
        lambda: with_the_target(bundled("diabetes"), 0.03),
        {},
        frozenset({"leaking_feature"}),
        DROPPING,
    ),
    Case(
        "a curve of the number to predict is among the columns",
        lambda: with_a_curve_of_the_target(smooth_numbers()),
        {},
        frozenset({"leaking_feature"}),
        DROPPING,
    ),
    Case(
        "a table as it was measured, in units of its own",
        partial(bundled, "breast_cancer"),
        UNSCALED,
        frozenset({"normalisation"}),
        SCALING,
    ),
    Case(
        "images of bytes from 0 to 255",
        lambda: as_bytes(digits()),
        {**MLP, **UNSCALED},
        frozenset({"normalisation"}),
        SCALING,
    ),
    Case(
        "inner validation later than training, under drift",
        lambda: in_time(two_classes(6000), 20),
        {"split": {"kind": "time"}},
        frozenset({"likeness"}),
        frozenset({"split.kind", "data.time", "data.drop"}),
    ),
    Case(
        "images with rows of NaN",
        lambda: not_finite(digits(), NO_NUMBER, slice(40, 80)),
        MLP,
        frozenset({"finite_rows"}),
        DATA | {"preprocess.impute"},
    ),
    Case(
        "a table with infinite rows",
        lambda: not_finite(bundled("breast_cancer"), float("inf"), slice(40, 80)),
        {},
        frozenset({"finite_rows"}),
        DATA | {"preprocess.impute"},
    ),
    Case(
        "numbers to predict that are NaN",
        lambda: target_not_finite(bundled("diabetes"), slice(40, 80)),
        {},
        frozenset({"finite_rows", "first_loss"}),
        DATA,
    ),
)
