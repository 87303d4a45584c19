"""What MLflow accepts: names, lengths, and how much in one call."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TypeVar

METRICS_A_CALL = 1000
PARAMS_A_CALL = 100  # also tags
LONGEST_NAME = 250
LONGEST_PARAM = 6000
LONGEST_TAG = 8000
LONGEST_DIGEST = 36  # of a data set

_ILLEGAL = re.compile(r"[^\w./ :\-]")
Item = TypeVar("Item")


def legal_name(name: str) -> str:
    """`name` where MLflow takes it; else the nearest legal one, with a checksum so that no two names become one."""
    plain = _ILLEGAL.sub("_", name)
    if posixpath.normpath(plain) != plain or plain == "." or plain.startswith(("..", "/")) or not plain:
        plain = plain.replace("/", "_").replace("..", "_").lstrip(".") or "_"
    if plain == name and len(name) <= LONGEST_NAME:
        return name
    return f"{plain[: LONGEST_NAME - 9]}-{sha256(name.encode()).hexdigest()[:8]}"


def clipped(text: str, length: int) -> str:
    """`text`, cut to `length` characters with a mark where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def calls(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """`items` in portions of at most `most`, none empty."""
    yield from (items[start : start + most] for start in range(0, len(items), most))
