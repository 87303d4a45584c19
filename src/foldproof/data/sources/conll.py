"""Tagged text in columns (CoNLL): a row is a token with its window, and the rows of a sentence are one group.

Read twice: first for the values of each feature and the tags, then, a chunk at a time, for the rows.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foldproof.config.data import Data
from foldproof.data.reading import Chunk, Reading
from foldproof.data.schema import Column, Schema, Target
from foldproof.data.target_typing import side_by_side, unfit_classes
from foldproof.data.text.conll import Faults, files_of, sentences_of
from foldproof.data.text.windows import Encoder
from foldproof.data.text.word_features import FEATURES
from foldproof.errors import DataError

TOKENS_AT_ONCE = 2**14  # of a chunk, or one sentence

Sentence = tuple[list[str], list[list[str]]]  # words, and of each the tags


@dataclass(frozen=True)
class _Files:
    """The files of section `data`, and where in a line token and tags stand."""

    paths: list[Path]
    columns: int
    token: int
    tags: tuple[int, ...]

    def sentences(self) -> Iterator[Sentence]:
        """All sentences, file after file; at the end raises DataError with every line at fault, in all files."""
        problems: list[str] = []
        for path in self.paths:
            faults, number = Faults(path), 0
            found = sentences_of(path, self.columns, self.token, self.tags, faults)
            for number, lines in enumerate(found, start=1):  # noqa: B007
                yield [line[self.token] for line in lines], [[line[place] for place in self.tags] for line in lines]
            problems += faults.told() or ([] if number else [f"{path}: holds no sentence"])
        if problems:
            raise DataError(*problems)


def open_conll(section: Data) -> Reading:
    """Read `data.path`; raises DataError naming every line with other columns than `data.columns`, or without a tag."""
    assert section.path is not None
    path = Path(section.path)
    names = section.columns
    files = _Files(files_of(path), len(names), names.index("token"), tuple(map(names.index, section.targets)))
    words: Counter[str] = Counter()
    classes: list[set[str]] = [set() for _ in section.targets]
    for tokens, tags in files.sentences():
        words.update(tokens)
        for known, found in zip(classes, zip(*tags, strict=True), strict=True):
            known.update(found)
    targets = tuple(
        Target(name, "classification", tuple(sorted(found)))
        for name, found in zip(section.targets, classes, strict=True)
    )
    problems = [line for target in targets for line in unfit_classes(f"target {target.name!r}", target.classes)]
    if problems:
        raise DataError(*(f"{path}: {problem}" for problem in problems))
    columns = tuple(_column(name, words) for name in FEATURES)
    schema = Schema(path.stem, "text", (section.window, len(columns)), columns, targets, layout=names)
    return Reading(schema, lambda: _chunks(files, schema), words.total())


def _column(name: str, words: Counter[str]) -> Column:
    """All values of a feature, the most frequent first."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        counts[FEATURES[name](word)] += count
    return Column(name, "category", tuple(sorted(counts, key=lambda value: (-counts[value], value))))


def _chunks(files: _Files, schema: Schema) -> Iterator[Chunk]:
    encoder = Encoder(schema.columns, schema.shape[0])
    codes = [{tag: code for code, tag in enumerate(target.classes)} for target in schema.targets]
    waiting: list[Sentence] = []
    tokens = first = 0

    def chunk() -> Chunk:
        found = [[code[tag] for code, tag in zip(codes, tags, strict=True)] for _, all_ in waiting for tags in all_]
        targets = side_by_side(list(np.array(found).T), schema.targets)
        groups = np.repeat(np.arange(first, first + len(waiting)), [len(words) for words, _ in waiting])
        return Chunk(encoder([words for words, _ in waiting]), targets, groups=groups)

    for sentence in files.sentences():
        waiting.append(sentence)
        tokens += len(sentence[0])
        if tokens >= TOKENS_AT_ONCE:
            yield chunk()
            first, tokens, waiting = first + len(waiting), 0, []
    if waiting:
        yield chunk()
