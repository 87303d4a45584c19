"""Advice: what to change in params.yaml, and why."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """What to try next, and the key of params.yaml to change for it."""

    key: str
    sentence: str
