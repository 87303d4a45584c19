"""What the checks say of a setting, and whether it is what they must say."""

from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np

from benchmarks.planted_faults.case import Case, Setting
from benchmarks.planted_faults.setting import subject_of
from foldproof.checks.finding import Finding
from foldproof.checks.table import check

Verdict = Literal["found", "found, advised otherwise", "missed"]


@dataclass(frozen=True)
class Outcome:
    """All findings up to a crash, should there be one."""

    findings: tuple[Finding, ...]
    seconds: float
    crash: str = ""

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Those in which something is amiss."""
        return tuple(one for one in self.findings if one.status in ("warning", "error"))


def outcome_of(setting: Setting, seed: int = 0) -> Outcome:
    """Make the setting, with what is planted in it, and run all checks."""
    findings: list[Finding] = []
    crash, started = "", perf_counter()
    with setting.planted(), np.errstate(invalid="ignore"):  # some rows are not finite, on purpose
        try:
            findings.extend(check(subject_of(setting.dataset(), setting.changes, seed)))
        except Exception as error:  # a crash is an outcome, and other settings are still to be run
            crash = f"{type(error).__name__}: {error}"
    return Outcome(tuple(findings), perf_counter() - started, crash)


def verdict_of(case: Case, outcome: Outcome) -> Verdict:
    """Found: one of the right checks says so, and gives one of the right pieces of advice."""
    right = [one for one in outcome.alarms if one.check in case.found_by]
    if not right:
        return "missed"
    advised = {advice.key for one in right for advice in one.advice}
    return "found" if advised & case.advised else "found, advised otherwise"
