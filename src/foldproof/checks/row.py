"""A row of the table of checks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foldproof.checks.finding import Seen
from foldproof.checks.subject import Subject


@dataclass(frozen=True)
class Check:
    """`look(subject, block)` sees, with the thresholds of the block `check.<name>`; `title` is a question."""

    title: str
    explains: str
    look: Callable[[Subject, Any], Seen]
