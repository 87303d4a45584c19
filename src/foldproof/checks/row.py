"""A row of the table of checks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foldproof.checks.finding import Seen
from foldproof.checks.subject import Subject
from foldproof.config.advice import Advice


@dataclass(frozen=True)
class Check:
    """`look(subject, block)` sees, with the thresholds of the block `check.<name>`; `title` is a question."""

    title: str
    explains: str
    look: Callable[[Subject, Any], Seen]


def on_network(subject: Subject, key: str, sentence: str) -> Advice:
    """Advice about a key of section `model`; a network of the user's own is changed where it is made."""
    from foldproof.model.networks import NETWORKS

    own = NETWORKS[subject.params.model.name].has_weights
    return Advice("model.factory" if own else key, sentence)
