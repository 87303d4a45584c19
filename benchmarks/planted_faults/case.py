"""A case: a healthy setting, broken, with the checks that may find it and the keys of which one must be advised."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from foldproof.data.dataset import Dataset

Half = Literal["open", "sealed"]
Changes = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Case:
    """One fault; `name` says what it is, and decides its half."""

    name: str
    dataset: Callable[[], Dataset]
    changes: Changes  # of the shipped params, at any depth
    found_by: frozenset[str]  # names of checks, of which one must find it
    advised: frozenset[str]  # dotted keys of params, of which these checks must advise one
    planted: Callable[[], AbstractContextManager[None]] = field(
        default=nullcontext
    )  # what is wrong beside data, params

    @property
    def half(self) -> Half:
        """By the parity of the last hexadecimal digit of the name's SHA-256: even is open."""
        return "sealed" if int(sha256(self.name.encode()).hexdigest()[-1], 16) % 2 else "open"


@dataclass(frozen=True, eq=False)
class Healthy:
    """A setting with nothing wrong, which no check may find anything in, whatever the seed."""

    name: str
    dataset: Callable[[], Dataset]
    changes: Changes
    planted: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)  # nothing
