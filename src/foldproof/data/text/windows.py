"""From sentences to rows: the codes of each token's features, and of its neighbours' in a window.

Of a feature with V values a code is the place of the value, -1 for one that is not among them, and V beyond the ends of
the sentence.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Column
from foldproof.data.text.word_features import FEATURES

UNKNOWN = -1


class Encoder:
    """Gives rows `[n, W, F]` int32 for sentences, by the values that the F columns list."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        self._features = [FEATURES[column.name] for column in columns]
        self._codes = [{value: code for code, value in enumerate(column.values)} for column in columns]
        self._beyond = np.array([len(column.values) for column in columns], dtype=np.int32)
        self._half = width // 2
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, sentences: Sequence[Sequence[str]]) -> NDArray[np.int32]:
        """One row a token, sentence after sentence."""
        flat = [self._of_word(word) for sentence in sentences for word in sentence]
        codes = np.array(flat, dtype=np.int32).reshape(-1, len(self._codes))
        sentence_of_token = np.repeat(np.arange(len(sentences)), [len(sentence) for sentence in sentences])
        return windows(codes, sentence_of_token, self._half, self._beyond)

    def _of_word(self, word: str) -> tuple[int, ...]:
        found = self._known.get(word)
        if found is None:
            pairs = zip(self._features, self._codes, strict=True)
            found = self._known[word] = tuple(codes.get(feature(word), UNKNOWN) for feature, codes in pairs)
        return found


def windows(
    codes: NDArray[np.int32], sentence: NDArray[np.int64], half: int, beyond: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Each token's codes between those of its neighbours, `[n, 2 half + 1, F]`.

    Args:
        codes: of all tokens, `[n, F]`.
        sentence: the number of each token's sentence, 0, 1, ..., `[n]`.
        half: neighbours on either side.
        beyond: the codes that stand where the sentence has no word, `[F]`.
    """
    sentences = int(sentence[-1]) + 1 if len(sentence) else 0
    padded = np.tile(beyond, (len(codes) + 2 * half * sentences, 1))
    place = np.arange(len(codes)) + half * (2 * sentence + 1)
    padded[place] = codes
    neighbours = place[:, None] + np.arange(-half, half + 1)
    rows: NDArray[Any] = padded[neighbours]
    return rows
