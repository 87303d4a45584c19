"""A made-up language whose tags follow from words and their neighbours, that the tests of text share."""

from pathlib import Path

import numpy as np
import pytest

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset
from foldproof.data.sources import load_source

NAMES = ("Ana", "Bela", "Cora", "Dunja")
PLACES = ("Lund", "Mora", "Narva")
VERBS = ("sees", "likes", "meets")


def sentences(count: int = 60, seed: int = 0) -> list[list[tuple[str, str, str]]]:
    """Token, part of speech, entity: `Ana Lund likes the rivers in Mora .` and the like."""
    draws = np.random.Generator(np.random.Philox(seed))

    def one(among: tuple[str, ...]) -> str:
        return str(among[draws.integers(len(among))])

    found = []
    for number in range(count):
        thing = f"{'abcdefgh'[number % 8]}{'oiu'[number % 3]}rs"
        found.append(
            [
                (one(NAMES), "PROPN", "B-PER"),
                *([(one(PLACES), "PROPN", "I-PER")] if number % 3 == 0 else []),
                (one(VERBS), "VERB", "O"),
                *([("the", "DET", "O")] if number % 2 else []),
                (thing, "NOUN", "O"),
                ("in", "ADP", "O"),
                (one(PLACES), "PROPN", "B-LOC"),
                (".", "PUNCT", "O"),
            ]
        )
    return found


def written(folder: Path, name: str = "made.conll", count: int = 60) -> str:
    """A file of the sentences below data/raw/ of the folder; its path there."""
    path = folder / "data" / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = ["\n".join("\t".join(token) for token in sentence) for sentence in sentences(count)]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return f"data/raw/{name}"


def tagged(folder: Path, monkeypatch: pytest.MonkeyPatch, target: str = "pos", count: int = 60) -> Dataset:
    """The sentences as a dataset."""
    path = written(folder, count=count)
    monkeypatch.chdir(folder)
    return load_source(Data(source="conll", path=path, columns=("token", "pos", "ner"), target=target))
