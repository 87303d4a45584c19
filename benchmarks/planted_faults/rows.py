"""Sound rows: sets that scikit-learn carries, and made-up tables, images and tagged text."""

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, complete
from foldproof.data.describing import describe
from foldproof.data.schema import Column, Schema, Target
from foldproof.data.sources import load_source
from foldproof.data.text.windows import Encoder
from foldproof.data.text.word_features import FEATURES

Floats = NDArray[np.float64]
Tagging = Literal["pos", "entity"]
WINDOW = 5
NAMES = ("Ana", "Bela", "Cora", "Dunja", "Edda", "Fina")
PLACES = ("Lund", "Mora", "Narva", "Oslo", "Pori")
VERBS = ("sees", "likes", "meets", "paints")


@cache
def bundled(name: str) -> Dataset:
    """`digits`, `breast_cancer`, `wine`, `iris` or `diabetes`, as source of that name gives them."""
    return load_source(Data(source=name))


@cache
def digits(rows: int = 500) -> Dataset:
    """The first digits."""
    whole = bundled("digits")
    return describe("digits", whole.features[:rows], whole.targets[:rows], classes=whole.schema.classes)


@cache
def smooth_numbers(rows: int = 600, seed: int = 0) -> Dataset:
    """Four columns, and a number that follows smoothly from three of them, with a little noise."""
    draws = np.random.default_rng(seed)
    features = draws.normal(size=(rows, 4))
    targets = 3 * features[:, 0] + np.sin(2 * features[:, 1]) + features[:, 2] ** 2 + draws.normal(0, 0.3, rows)
    return describe("smooth numbers", features, targets, "regression")


@cache
def two_classes(rows: int = 4000, columns: int = 20, share: float = 0.5, seed: int = 0) -> Dataset:
    """A bigger table: clusters of two classes, of which the second has this share."""
    from sklearn.datasets import make_classification

    features, targets = make_classification(
        rows,
        columns,
        n_informative=8,
        n_redundant=4,
        weights=[1 - share],
        flip_y=0.01,
        class_sep=1.5,
        random_state=seed,
    )
    return describe("two classes", features, targets, "classification")


@cache
def with_gaps(rows: int = 1500, seed: int = 0) -> Dataset:
    """The same with every tenth value missing in a third of the columns."""
    whole = two_classes(rows, seed=seed)
    features = whole.features.copy()
    gaps = np.random.default_rng(seed).random(features.shape) < 0.1
    gaps[:, ::3] = False
    gaps[:, 1::3] = False
    return describe("with gaps", np.where(gaps, np.nan, features), whole.targets, "classification")


@cache
def gratings(rows: int = 600, seed: int = 0) -> Dataset:
    """Colour images `[3, 12, 12]` of waves in four directions, of any phase and length, with noise."""
    draws = np.random.default_rng(seed)
    height, width = np.mgrid[:12, :12]
    directions = draws.integers(4, size=rows)
    images = np.zeros((rows, 3, 12, 12))
    for image, direction in zip(images, directions, strict=True):
        angle = np.pi * direction / 4 + draws.normal(0, 0.1)
        wave = np.cos((height * np.sin(angle) + width * np.cos(angle)) * draws.uniform(0.9, 1.5) + draws.uniform(0, 6))
        image[:] = 128 + 60 * wave * draws.uniform(0.5, 1, (3, 1, 1)) + draws.normal(0, 15, (3, 12, 12))
    classes = ("flat", "rising", "upright", "falling")
    return describe("gratings", images.clip(0, 255).astype(np.uint8), directions, classes=classes)


@cache
def two_targets(rows: int = 700, seed: int = 0) -> Dataset:
    """A class and a number that follow from the same columns."""
    one = smooth_numbers(rows, seed)
    sign = np.where(one.features[:, 0] + one.features[:, 1] > 0, "above", "below")
    return describe("two targets", one.features, {"side": sign, "size": one.targets})


@cache
def tagged(tagging: Tagging = "pos", count: int = 300, seed: int = 0) -> Dataset:
    """Made-up sentences, `Ana Lund likes the rivers in Mora .` and the like; a row is a token with its neighbours."""
    draws = np.random.default_rng(seed)
    sentences = [_sentence(draws, number) for number in range(count)]
    words = [[word for word, _, _ in sentence] for sentence in sentences]
    tags = [token[1 if tagging == "pos" else 2] for sentence in sentences for token in sentence]
    classes, codes = np.unique(tags, return_inverse=True)
    known = {name: sorted({feature(word) for one in words for word in one}) for name, feature in FEATURES.items()}
    columns = tuple(Column(name, "category", tuple(values)) for name, values in known.items())
    target = Target(tagging, "classification", tuple(map(str, classes)))
    schema = Schema("tagged", "text", (WINDOW, len(columns)), columns, (target,), layout=("token", tagging))
    groups = np.repeat(np.arange(count), [len(sentence) for sentence in sentences])
    return complete(Dataset(schema, Encoder(columns, WINDOW)(words), codes.astype(np.int64), groups=groups))


def _sentence(draws: np.random.Generator, number: int) -> list[tuple[str, str, str]]:
    """Token, part of speech, entity."""

    def one(among: tuple[str, ...]) -> str:
        return str(among[draws.integers(len(among))])

    thing = f"{'abcdefgh'[number % 8]}{'oiu'[number % 3]}rs"
    return [
        (one(NAMES), "PROPN", "B-PER"),
        *([(one(PLACES), "PROPN", "I-PER")] if draws.random() < 0.3 else []),
        (one(VERBS), "VERB", "O"),
        *([("the", "DET", "O")] if draws.random() < 0.5 else []),
        (thing, "NOUN", "O"),
        *([("in", "ADP", "O"), (one(PLACES), "PROPN", "B-LOC")] if draws.random() < 0.7 else []),
        (".", "PUNCT", "O"),
    ]
