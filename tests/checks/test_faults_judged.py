"""Whether a fault was found, and how many, is told from findings alone."""

from collections.abc import Sequence

import pytest

from benchmarks.planted_faults import scoreboard
from benchmarks.planted_faults.case import Case, Setting
from benchmarks.planted_faults.outcome import Outcome, Verdict, outcome_of, verdict_of
from benchmarks.planted_faults.rows import bundled
from foldproof.checks.finding import Finding, Status
from foldproof.config.advice import Advice

CASE = Case("a fault", lambda: bundled("iris"), {}, frozenset({"gradient", "symmetry"}), frozenset({"model.name"}))


def outcome(*findings: tuple[str, Status, Sequence[str]], crash: str = "") -> Outcome:
    """Checks with their status and the keys that they advise."""
    return Outcome(
        tuple(
            Finding(check, "", "", status, "", tuple(Advice(key, "") for key in keys), {})
            for check, status, keys in findings
        ),
        0.0,
        crash,
    )


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([("symmetry", "error", ["model.name"])], "found"),
        ([("symmetry", "warning", ["seed", "model.name"]), ("gradient", "ok", [])], "found"),
        ([("gradient", "warning", ["seed"])], "found, advised otherwise"),
        ([("gradient", "warning", ["seed"]), ("signals", "warning", ["model.name"])], "found, advised otherwise"),
        ([("signals", "error", ["model.name"])], "missed"),
        ([("gradient", "ok", []), ("symmetry", "not applicable", [])], "missed"),
        ([], "missed"),
    ],
)
def test_a_fault_is_found_by_the_right_check_with_the_right_advice(
    findings: list[tuple[str, Status, list[str]]], verdict: Verdict
) -> None:
    assert verdict_of(CASE, outcome(*findings)) == verdict


def test_halves_are_counted() -> None:
    found = scoreboard.faults({CASE: outcome(("gradient", "error", ["model.name"]), ("signals", "warning", ["seed"]))})
    assert found[2] == f"| a fault | {CASE.half} | gradient, symmetry | gradient, signals | model.name | found |"
    assert found[-1] == f"| {CASE.half} | 1 | 1 | 0 | 0 |"


def test_false_alarms_are_counted_by_check() -> None:
    quiet, loud = outcome(("gradient", "ok", [])), outcome(("symmetry", "warning", ["seed"]), ("signals", "ok", []))
    found = scoreboard.false_alarms({"one": [quiet, loud, loud], "other": [quiet, outcome(crash="no memory")]})
    assert found[2:] == [
        "| one | 3 | symmetry 2 |",
        "| other | 2 | crashed (no memory) 1 |",
        "| all, 6 looks | 5 | symmetry 2, crashed (no memory) 1 |",
    ]


def test_a_setting_that_cannot_be_looked_at_is_told() -> None:
    """The params are refused; nothing else is hidden by that."""
    found = outcome_of(Setting("refused", lambda: bundled("iris"), {"model": {"name": "none such"}}))
    assert not found.findings
    assert found.crash.startswith("ConfigError: params: model.name")
