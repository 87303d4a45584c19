"""A case: a healthy setting, broken, with the checks that may find it and the keys of which one must be advised."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from foldproof.data.dataset import Dataset

Half = Literal["open", "sealed"]


@dataclass(frozen=True, eq=False)
class Setting:
    """Rows, and the shipped params with changes at any depth; by itself one with nothing wrong, whatever the seed."""

    name: str
    dataset: Callable[[], Dataset]
    changes: Mapping[str, Any]
    planted: Callable[[], AbstractContextManager[None]] = field(default=nullcontext, kw_only=True)
    """within it stands what is wrong beside rows and params"""


@dataclass(frozen=True, eq=False)
class Case(Setting):
    """A setting with one fault; `name` says what it is, and decides its half."""

    found_by: frozenset[str]
    """names of checks, of which one must find it"""
    advised: frozenset[str]
    """dotted keys of params, of which these checks must advise one"""

    @property
    def half(self) -> Half:
        """By the parity of the last hexadecimal digit of the name's SHA-256: even is open."""
        return "sealed" if int(sha256(self.name.encode()).hexdigest()[-1], 16) % 2 else "open"
