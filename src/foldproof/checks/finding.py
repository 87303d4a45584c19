"""What checks find: plain values that survive a round through JSON, and what they add up to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from foldproof.config.advice import Advice

Status = Literal["ok", "warning", "error", "not applicable"]


@dataclass(frozen=True)
class Seen:
    """What a check saw: a sentence with its figures; advice where something is amiss, and nowhere else.

    `figures` are what the page draws. A check that has nothing to look at (dead units of a network without rectified
    ones) says so by `applies`.
    """

    sentence: str
    advice: tuple[Advice, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    applies: bool = True


@dataclass(frozen=True)
class Finding:
    """The outcome of a check, by its name in the table."""

    check: str
    title: str
    explains: str  # in plain words, why it matters
    status: Status
    sentence: str
    advice: tuple[Advice, ...]
    figures: dict[str, Any]


def to_dict(findings: Sequence[Finding]) -> dict[str, Any]:
    """For `reports/checks.json`."""
    return {"schema": 1, "checks": [asdict(one) for one in findings]}


def from_dict(values: dict[str, Any]) -> tuple[Finding, ...]:
    """Read what `to_dict` wrote."""
    from pydantic import TypeAdapter

    return tuple(TypeAdapter(list[Finding]).validate_python(values["checks"]))


def verdict(findings: Sequence[Finding]) -> dict[str, Any]:
    """For `reports/verdict.json`: whether there is no error, and the names of errors; no figures, lest they retrain."""
    errors = [one.check for one in findings if one.status == "error"]
    return {"passed": not errors, "errors": errors}
