"""Every legal name of a choice has its line in the list of techniques, and its word in README's table."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from foldproof.config.averaging import AveragingName
from foldproof.config.loss import LossName
from foldproof.config.model import ActivationName, DropoutKindName, InitializerName, NetworkName
from foldproof.config.networks import NormalisationName
from foldproof.config.optimizer import OptimizerName
from foldproof.config.schedule import ScheduleName
from foldproof.data.augmentation import AUGMENTATIONS

ROOT = Path(__file__).parents[2]
KEYS: dict[str, Any] = {
    "augment": tuple(AUGMENTATIONS),
    "model.name": get_args(NetworkName),
    "model.activation": get_args(ActivationName),
    "model.initializer": get_args(InitializerName),
    "model.normalisation": get_args(NormalisationName),
    "model.dropout_kind": get_args(DropoutKindName),
    "train.loss": get_args(LossName),
    "train.optimizer.name": get_args(OptimizerName),
    "train.schedule": get_args(ScheduleName),
    "train.averaging": get_args(AveragingName),
}
OFF = {"none"}
# README's words for what it does not call by its name; `rmse` and `alpha` count among their kin there.
WORDS = {
    "vertical_flip": "flips",
    "flip": "flips",
    "feature_noise": "noise and dropout of table columns",
    "feature_dropout": "noise and dropout of table columns",
    "word_dropout": "dropout of words",
    "mlp": "fully connected",
    "cnn": "convolutional",
    "factory": "your own",
    "leaky_relu": "leaky and parametric relu",
    "prelu": "leaky and parametric relu",
    "unit": "dropout of units",
    "spatial": "channels",
    "dropconnect": "weights",
    "alpha": "dropout",
    "mse": "squared",
    "rmse": "squared",
    "mae": "absolute",
    "inverse_time": "1/t",
    "cosine_restarts": "restarts",
    "plateau": "on plateau",
    "ema": "averages of weights",
    "swa": "averages of weights",
}


@pytest.mark.parametrize("key", KEYS)
def test_every_legal_name_has_its_line_in_the_list(key: str) -> None:
    page = (ROOT / "docs/techniques.md").read_text(encoding="utf-8")
    told = {word.split(": ")[-1] for word in re.findall(r"`([^`]+)`", page)}
    lacking = set(KEYS[key]) - OFF - told
    assert not lacking, f"give these a line, with their source: {sorted(lacking)}"


@pytest.mark.parametrize("key", KEYS)
def test_every_legal_name_has_its_word_in_the_table_of_the_front_page(key: str) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    told = ", ".join(line.split("|")[1] for line in lines if f"`{key}`" in line and line.startswith("|")).casefold()
    lacking = {name for name in set(KEYS[key]) - OFF if plain(WORDS.get(name, name)) not in plain(told)}
    assert not lacking, f"README's line of `{key}` lacks {sorted(lacking)}"


def plain(words: str) -> str:
    """Without what is written in one way in prose and in another in a key; uniform draws are a kin of normal ones."""
    return re.sub(r"[-_ ]", "", words.casefold().removesuffix("_uniform"))


def test_no_word_is_left_over() -> None:
    assert not WORDS.keys() - {name for names in KEYS.values() for name in names}
