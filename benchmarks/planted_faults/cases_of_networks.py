"""Faults of networks, their initial weights and losses."""

from functools import partial

from benchmarks.planted_faults import losses
from benchmarks.planted_faults.case import Case
from benchmarks.planted_faults.rows import bundled, digits, smooth_numbers, tagged
from benchmarks.planted_faults.spoiled_rows import as_bytes

OWN = frozenset({"model.factory"})
WEIGHTS = frozenset({"model.initializer", "model.initial_scale"})
UNITS = frozenset({"model.mlp.hidden", "model.mlp.layers"})
PLAIN = {"name": "mlp", "normalisation": "none", "dropout": 0}


def _own(function: str, **train: object) -> dict[str, object]:
    factory = f"benchmarks.planted_faults.networks:{function}"
    return {"model": {"name": "factory", "factory": factory}, "train": train}


def _plain(*hidden: int, **model: object) -> dict[str, object]:
    return {"model": {**PLAIN, "mlp": {"hidden": list(hidden)}, **model}}


CASES = (
    Case(
        "a loss whose gradient forgets the label",
        digits,
        {"model": {"name": "mlp"}},
        frozenset({"gradient"}),
        frozenset({"train.loss.name"}),
        planted=partial(losses.in_place_of_cross_entropy, losses.label_forgotten_in_the_gradient),
    ),
    Case(
        "a loss whose gradient is two percent too large",
        digits,
        {"model": {"name": "mlp"}},
        frozenset({"gradient"}),
        frozenset({"train.loss.name"}),
        planted=partial(losses.in_place_of_cross_entropy, losses.gradient_a_little_too_large),
    ),
    Case(
        "a loss that ignores the labels",
        digits,
        {"model": {"name": "mlp"}},
        frozenset({"tiny_rows"}),
        frozenset({"train.loss.name"}),
        planted=partial(losses.in_place_of_cross_entropy, losses.labels_ignored),
    ),
    Case(
        "a loss that lacks its minus sign",
        digits,
        {"model": {"name": "mlp"}},
        frozenset({"first_loss", "tiny_rows"}),
        frozenset({"train.loss.name"}),
        planted=partial(losses.in_place_of_cross_entropy, losses.sign_forgotten),
    ),
    Case(
        "an own activation with a wrong slope",
        digits,
        _own("wrong_backward"),
        frozenset({"gradient"}),
        OWN,
    ),
    Case(
        "an own layer that is taken off the graph",
        digits,
        _own("detached"),
        frozenset({"gradient", "gradient_flow"}),
        OWN,
    ),
    Case(
        "softmax applied twice",
        digits,
        _own("softmax_at_the_end"),
        frozenset({"outputs"}),
        OWN,
    ),
    Case(
        "sigmoid applied twice",
        digits,
        _own("sigmoid_at_the_end", loss={"name": "binary_cross_entropy"}),
        frozenset({"outputs"}),
        OWN,
    ),
    Case(
        "a regression that ends in a rectifier",
        smooth_numbers,
        _own("relu_at_the_end"),
        frozenset({"tiny_rows", "outputs"}),
        OWN,
    ),
    Case(
        "dead units by biases of -10",
        digits,
        _own("deep_bias"),
        frozenset({"dead_units"}),
        OWN,
    ),
    Case(
        "dead units in the second layer alone",
        digits,
        _own("second_layer_dead"),
        frozenset({"dead_units"}),
        OWN,
    ),
    Case(
        "an own network of equal weights",
        digits,
        _own("equal_weights"),
        frozenset({"symmetry"}),
        OWN,
    ),
    Case(
        "an own network that forgets its rows",
        digits,
        _own("rows_forgotten"),
        frozenset({"tiny_rows", "signals"}),
        OWN,
    ),
    Case(
        "initial weights of zero",
        digits,
        {"model": {"name": "mlp", "initializer": "zeros"}},
        frozenset({"symmetry"}),
        frozenset({"model.initializer"}),
    ),
    Case(
        "initial weights of standard deviation 10",
        digits,
        _plain(128, 128, initializer="small_random", initial_scale=10),
        frozenset({"first_loss", "signals"}),
        WEIGHTS,
    ),
    Case(
        "initial weights of standard deviation 10, normalised",
        digits,
        {"model": {"name": "mlp", "initializer": "small_random", "initial_scale": 10}},
        frozenset({"first_loss", "signals"}),
        WEIGHTS,
    ),
    Case(
        "initial weights three times too large, twelve layers",
        digits,
        _plain(*[64] * 12, initializer="small_random", initial_scale=0.53),
        frozenset({"signals", "first_loss", "gradient_flow"}),
        WEIGHTS | {"model.normalisation"},
    ),
    Case(
        "initial weights of standard deviation 0.01, eight layers",
        digits,
        _plain(*[64] * 8, initializer="small_random", initial_scale=0.01),
        frozenset({"signals", "gradient_flow"}),
        WEIGHTS | {"model.normalisation"},
    ),
    Case(
        "sigmoid, twelve layers",
        digits,
        _plain(*[32] * 12, activation="sigmoid"),
        frozenset({"gradient_flow", "signals"}),
        UNITS | {"model.activation", "model.normalisation"},
    ),
    Case(
        "tanh with huge weights",
        digits,
        _plain(128, 128, activation="tanh", initializer="small_random", initial_scale=1),
        frozenset({"saturated_units"}),
        WEIGHTS | {"model.normalisation"},
    ),
    Case(
        "tanh on bytes from 0 to 255",
        lambda: as_bytes(digits()),
        {**_plain(128, activation="tanh"), "preprocess": {"center": "none", "scale": "none"}},
        frozenset({"saturated_units", "normalisation"}),
        frozenset({"preprocess.center", "preprocess.scale"}),
    ),
    Case(
        "one hidden unit for ten digits",
        digits,
        _plain(1),
        frozenset({"tiny_rows", "capacity"}),
        UNITS,
    ),
    Case(
        "one hidden unit for tagged text",
        tagged,
        _plain(1),
        frozenset({"tiny_rows", "capacity"}),
        UNITS,
    ),
    Case(
        "a million weights on a hundred rows",
        partial(digits, 100),
        _plain(1024, 1024),
        frozenset({"capacity"}),
        UNITS,
    ),
    Case(
        "a wide network on a small table",
        partial(bundled, "iris"),
        _plain(512, 512),
        frozenset({"capacity"}),
        UNITS,
    ),
)
