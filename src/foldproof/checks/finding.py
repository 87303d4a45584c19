"""What checks find: plain values that survive a round through JSON, and what they add up to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from foldproof.config.advice import Advice
from foldproof.reproducibility import read_json

Status = Literal["ok", "warning", "error", "not applicable"]


@dataclass(frozen=True)
class Seen:
    """What a check saw: a sentence with its figures; advice where something is amiss, and nowhere else.

    `figures` are what the page draws (`checks.figures`). A check that has nothing to look at (dead units of a network
    without rectified ones) says so by `applies`.
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
    """For `reports/checks.json`, where a figure that is not finite is null."""
    return {"schema": 1, "checks": [_as_json(asdict(one)) for one in findings]}


def from_dict(values: dict[str, Any]) -> tuple[Finding, ...]:
    """Read what `to_dict` wrote."""
    from pydantic import TypeAdapter

    return tuple(TypeAdapter(list[Finding]).validate_python(values["checks"]))


def load_findings(path: Path) -> tuple[Finding, ...]:
    """Those of `reports/checks.json`; none where there is no such file."""
    return from_dict(read_json(path)) if path.exists() else ()


def verdict(findings: Sequence[Finding]) -> dict[str, Any]:
    """For `reports/verdict.json`: whether there is no error, and the names of errors; no figures, lest they retrain."""
    errors = [one.check for one in findings if one.status == "error"]
    return {"passed": not errors, "errors": errors}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
