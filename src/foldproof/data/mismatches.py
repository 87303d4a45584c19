"""Rows to predict that are not written as those of training were: columns by another name, categories changed."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from foldproof.data.schema import Column

MANY = 20  # rows of which none has a category that training knows are a mistake
SHOWN = 3  # texts as examples


def absent(names: Sequence[str], others: Iterable[str], where: str) -> list[str]:
    """A line of the columns that are absent, each with the one of `others` that is nearest by name."""
    lowered = {name.lower(): name for name in others}
    near = {name: get_close_matches(name.lower(), lowered, n=1, cutoff=0.5) for name in names}
    told = ", ".join(f"{name} (found {lowered[near[name][0]]!r})" if near[name] else name for name in names)
    return [f"{where}: columns missing: {told}; cells may be empty, but columns must be there"] if told else []


def changed(unseen: Sequence[str], rows: int, column: Column, where: str) -> list[str]:
    """A line where categories are known ones that a reader changed, as 1067 is 01067, or none of many rows is known.

    Args:
        unseen: the different texts that are not among the column's values.
        rows: how many rows have them, where no row has a value of the column; else 0.
        column: a category.
        where: what names the rows in the message.
    """
    known = {number: text for text in column.values if (number := _number(text)) is not None}
    for text in unseen:
        number = _number(text)
        if number in known:
            return [
                f"{where}: column {column.name!r}: found {text!r}, which training knows as {known[number]!r}; read the "
                "column as text (pandas: dtype=str), so that its cells stay as they are written"
            ]
    if len(unseen) < 2 or rows < MANY:
        return []
    return [
        f"{where}: column {column.name!r}: training knows none of its categories: found {_some(unseen)}, legal: "
        f"{_some(column.values)}; write them as there, or, where all are new, one word such as 'new' in every row"
    ]


def _some(texts: Sequence[str]) -> str:
    return ", ".join(map(repr, texts[:SHOWN])) + (", ..." if len(texts) > SHOWN else "")


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
