"""Sentences to be tagged: read from a file of tokens or one like those of training, and written beside tags."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foldproof.data.schema import Schema
from foldproof.data.text.conll import Faults, columns_of, sentences_of
from foldproof.data.text.windows import Encoder
from foldproof.errors import DataError

Sentences = list[list[str]]


def read_sentences(path: Path, layout: tuple[str, ...] = ()) -> Sentences:
    """The tokens of each sentence; raises DataError with every line that cannot be read.

    A file has one column, the tokens, or as many as `layout`, the columns of the files trained on, one called `token`.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    columns = columns_of(path)
    if columns not in (1, len(layout)):
        trained = f", or those of training: {', '.join(layout)}" if layout else ""
        raise DataError(f"{path}: the first token has {columns} columns, legal: one, the token{trained}")
    token = layout.index("token") if columns == len(layout) else 0
    faults = Faults(path)
    found = [[cells[token] for cells in sentence] for sentence in sentences_of(path, columns, token, (), faults)]
    if problems := faults.told() or ([] if found else [f"{path}: holds no sentence"]):
        raise DataError(*problems)
    return found


def rows_of(sentences: Sentences, schema: Schema) -> NDArray[np.int32]:
    """Raw rows `[n, W, F]` of all tokens, as the data that a model was trained on has them."""
    return Encoder(schema.columns, schema.shape[0])(sentences)


def in_columns(sentences: Sentences, tags: Sequence[Sequence[str]]) -> str:
    """A line a token, the token and its tag of each of `tags` `[T][n]`, a blank line after each sentence."""
    lines: list[str] = []
    of_token = zip(*tags, strict=True)
    for sentence in sentences:
        lines += ["\t".join((token, *next(of_token))) for token in sentence]
        lines.append("")
    return "\n".join(lines) + "\n"
