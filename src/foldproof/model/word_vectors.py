"""Vectors of words that others have trained: read from a file, put into a table, kept as they are or tuned.

Fine-tuning moves the words that are in the training data (TV, telly) and leaves their neighbours that are not
(television) behind; so on little text the vectors had better stay where they are.
"""

from io import TextIOWrapper
from pathlib import Path
from typing import Literal

import torch

from foldproof.config.model import Embedding
from foldproof.data.compressed import opened
from foldproof.data.preprocessing import Inputs
from foldproof.data.schema import Schema
from foldproof.errors import ConfigError, DataError
from foldproof.model.embedding import WordVectors, dimensions

FIXED_BELOW = 100_000  # training tokens
TUNED_ABOVE = 1_000_000
WHERE = "model.embedding"


def word_vectors(section: Embedding, schema: Schema, inputs: Inputs, tokens: int) -> WordVectors | None:
    """The vectors that section `model.embedding` asks for, or None; `tokens` are those that a member trains on.

    Raises ConfigError where the section does not fit the data or the file, DataError where the file is not readable.
    """
    _refuse_other_rows(section, schema)
    if section.vectors is None:
        return None
    path = Path(section.vectors)
    words = schema.columns[0].values
    found = read_vectors(path, {*words, *(word.lower() for pair in section.watch for word in pair)})
    wanted = dimensions(section, inputs)[0]
    dimension = next((len(vector) for vector in found.values()), wanted)
    if dimension != wanted:
        raise ConfigError(f"{WHERE}.dimension: found {wanted}, legal with {path}: {dimension}")
    codes = [code for code, word in enumerate(words) if word in found]
    fixed, rule = is_fixed(section.freeze, tokens)
    told = f"{path}: vectors of {len(codes)} of {len(words)} words; {rule}"
    rows = torch.tensor([found[words[code]] for code in codes], dtype=torch.float32).reshape(-1, wanted)
    outside = {word: torch.tensor(vector) for word, vector in found.items() if word not in set(words)}
    return WordVectors(torch.tensor(codes, dtype=torch.int64), rows, fixed, told, outside)


def is_fixed(freeze: bool | Literal["auto"], tokens: int) -> tuple[bool, str]:
    """Whether vectors stay as they are, and why: for `auto` by the number of training tokens."""
    if freeze != "auto":
        return freeze, f"{WHERE}.freeze: {str(freeze).lower()}"
    if tokens < FIXED_BELOW:
        return True, f"they stay as they are, for {tokens} training tokens are fewer than {FIXED_BELOW}"
    if tokens > TUNED_ABOVE:
        return False, f"they are tuned, for {tokens} training tokens are more than {TUNED_ABOVE}"
    return False, (
        f"they are tuned; with {tokens} training tokens, between {FIXED_BELOW} and {TUNED_ABOVE}, either may be "
        f"better: let inner validation choose between {WHERE}.freeze true and false"
    )


def read_vectors(path: Path, words: set[str]) -> dict[str, list[float]]:
    """Those of the lower-cased `words` that a file in GloVe's or word2vec's text format holds, gzip or not.

    Where the file has no word as it is, the first that differs from it by case stands for it. Raises DataError naming
    every line of a wanted word that does not hold as many numbers as the first.
    """
    found: dict[str, list[float]] = {}
    exact: set[str] = set()
    wrong: list[int] = []
    dimension = 0
    with opened(path) as stream:
        lines = TextIOWrapper(stream, encoding="utf-8", errors="replace")
        for number, line in enumerate(lines, start=1):
            word, _, rest = line.partition(" ")
            if number == 1 and len(rest.split()) == 1:  # word2vec: how many there are, of how many dimensions
                continue
            dimension = dimension or len(rest.split())
            lower = word.lower()
            if lower not in words or lower in exact or (lower in found and word != lower):
                continue
            vector = _numbers(rest)
            if len(vector) != dimension:
                wrong.append(number)
                continue
            found[lower] = vector
            if word == lower:
                exact.add(word)
    if wrong:
        raise DataError(f"{path}: {dimension} finite numbers are needed in lines {', '.join(map(str, wrong))}")
    return found


def _refuse_other_rows(section: Embedding, schema: Schema) -> None:
    if schema.kind != "text":
        asked = {"vectors": section.vectors, "watch": list(section.watch)}
        problems = [
            f"{WHERE}.{name}: found {value}, legal for {schema.kind} rows: none; words are in text"
            for name, value in asked.items()
            if value
        ]
        if problems:
            raise ConfigError(*problems)


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(one) for one in text.split()]
    except ValueError:
        return []
    return numbers if all(abs(one) < float("inf") for one in numbers) else []
