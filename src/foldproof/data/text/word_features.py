"""What a network sees of a word: a table `name -> feature`, each a pure function of the word as it is written."""

from collections.abc import Callable
from functools import partial
from itertools import groupby, islice
from unicodedata import category

CLASSES = {"Lu": "X", "Lt": "X", "L": "x", "M": "x", "N": "d", "Pd": "-", "Ps": "(", "Pe": ")", "P": "p", "S": "s"}
"""Of Unicode's general categories, by two letters or by the first; all else is "o"."""


def beginning(length: int, word: str) -> str:
    """The first letters of the lower-cased word, or all of a shorter one."""
    return word.lower()[:length]


def ending(length: int, word: str) -> str:
    """The last letters of the lower-cased word, or all of a shorter one."""
    return word.lower()[-length:]


def shape(word: str) -> str:
    """The classes of its characters, at most two of a run: `Paris` is Xxx, `USA` XX, `1990s` ddx, `e-mail` x-xx."""
    return "".join("".join(islice(run, 2)) for _, run in groupby(map(_class, word)))


def _class(character: str) -> str:
    kind = category(character)
    return CLASSES.get(kind) or CLASSES.get(kind[0], "o")


FEATURES: dict[str, Callable[[str], str]] = {
    "word": str.lower,
    "prefix2": partial(beginning, 2),
    "prefix3": partial(beginning, 3),
    "suffix2": partial(ending, 2),
    "suffix3": partial(ending, 3),
    "shape": shape,
}
