"""Run the checks on planted faults and healthy settings: fault x found by x advice, and false alarms.

`make faults` runs the open half of the faults and the healthy settings; `ARGS=--sealed` both halves, and then writes
benchmarks/RESULTS.md. `ARGS="--only batch"` takes what is called so, `--said` tells what each check said of it. Ends
with code 1 where a fault is missed, or advised on wrongly, or a healthy setting raises an alarm.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from benchmarks import results_file
from benchmarks.planted_faults import scoreboard
from benchmarks.planted_faults.case import Case, Setting
from benchmarks.planted_faults.cases import CASES
from benchmarks.planted_faults.healthy import HEALTHY, SEEDS
from benchmarks.planted_faults.outcome import Outcome, outcome_of, verdict_of
from foldproof.reproducibility import using_threads

Kind = TypeVar("Kind", bound=Setting)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one setting after another; each line is printed as it comes, tables at the end."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--sealed", action="store_true", help="also the half that no threshold was set by")
    parser.add_argument("--only", default="", metavar="TEXT", help="the settings whose names contain this text")
    parser.add_argument("--said", action="store_true", help="tell what each check said, in its own words")
    chosen = parser.parse_args(arguments)
    cases = [one for one in _called(CASES, chosen.only) if chosen.sealed or one.half == "open"]
    with using_threads(1):
        faults = {case: _run_case(case, chosen.said) for case in cases}
        healthy = {one.name: _run_healthy(one, chosen.said) for one in _called(HEALTHY, chosen.only)}
    lines = [*scoreboard.faults(faults), "", *scoreboard.false_alarms(healthy)]
    print("", *lines, sep="\n")
    if chosen.sealed and not chosen.only:
        measured = f"Measured {datetime.now(UTC):%Y-%m-%d} on {results_file.machine()}."
        results_file.write("planted_faults", "\n".join([measured, "", *lines]))
    right = all(verdict_of(case, outcome) == "found" and not outcome.crash for case, outcome in faults.items())
    quiet = not any(one.alarms or one.crash for found in healthy.values() for one in found)
    return 0 if right and quiet else 1


def _called(settings: Iterable[Kind], text: str) -> list[Kind]:
    return [one for one in settings if text.lower() in one.name.lower()]


def _run_case(case: Case, said: bool) -> Outcome:
    outcome = outcome_of(case)
    print(scoreboard.fault_line(case, outcome), *_said(outcome, said), sep="\n", flush=True)
    return outcome


def _run_healthy(setting: Setting, said: bool) -> list[Outcome]:
    outcomes = []
    for seed in SEEDS:
        outcome = outcome_of(setting, seed)
        print(scoreboard.healthy_line(setting, seed, outcome), *_said(outcome, said), sep="\n", flush=True)
        outcomes.append(outcome)
    return outcomes


def _said(outcome: Outcome, said: bool) -> list[str]:
    return [f"    {one.check} ({one.status}): {one.sentence}" for one in outcome.findings] if said else []


if __name__ == "__main__":
    sys.exit(main())
