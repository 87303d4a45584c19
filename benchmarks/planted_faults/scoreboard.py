"""Outcomes as lines: one a setting as it is done, and Markdown tables of all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.planted_faults.case import Case, Setting
from benchmarks.planted_faults.outcome import Outcome, Verdict, verdict_of

VERDICTS: tuple[Verdict, ...] = ("found", "found, advised otherwise", "missed")


def faults(outcomes: Mapping[Case, Outcome]) -> list[str]:
    """A row a fault: which checks found something, what the right ones advised; then each half's counts."""
    lines = [
        "| fault | half | to be found by | alarms | keys advised by those to find it | result |",
        "|---|---|---|---|---|---|",
    ]
    for case, outcome in outcomes.items():
        advised = _listed(advice.key for one in outcome.alarms if one.check in case.found_by for advice in one.advice)
        alarms = _listed(one.check for one in outcome.alarms)
        result = _result(verdict_of(case, outcome), outcome)
        lines.append(
            f"| {case.name} | {case.half} | {_listed(sorted(case.found_by))} | {alarms} | {advised} | {result} |"
        )
    counted = Counter((case.half, verdict_of(case, outcome)) for case, outcome in outcomes.items())
    halves = sorted({case.half for case in outcomes})
    lines += ["", f"| half | faults | {' | '.join(VERDICTS)} |", "|---|---|---|---|---|"]
    for half in halves:
        found = [counted[half, verdict] for verdict in VERDICTS]
        lines.append(f"| {half} | {sum(found)} | {' | '.join(map(str, found))} |")
    return lines


def false_alarms(outcomes: Mapping[str, Sequence[Outcome]]) -> list[str]:
    """A row a healthy setting: over its seeds, how often which check found something in it."""
    lines = ["| healthy setting | seeds | false alarms |", "|---|---|---|"]
    total: Counter[str] = Counter()
    for name, found in outcomes.items():
        counted = Counter(one.check for outcome in found for one in outcome.alarms)
        counted.update(f"crashed ({outcome.crash})" for outcome in found if outcome.crash)
        total += counted
        lines.append(f"| {name} | {len(found)} | {_counts(counted)} |")
    looks = sum(len(outcome.findings) for found in outcomes.values() for outcome in found)
    return [*lines, f"| all, {looks} looks | {sum(map(len, outcomes.values()))} | {_counts(total)} |"]


def fault_line(case: Case, outcome: Outcome) -> str:
    """What is printed as a case is done."""
    result = _result(verdict_of(case, outcome), outcome)
    return f"{result:<26} {case.name} ({outcome.seconds:.1f} s): {_listed(one.check for one in outcome.alarms) or '-'}"


def healthy_line(setting: Setting, seed: int, outcome: Outcome) -> str:
    """What is printed as a seed of a healthy setting is done."""
    alarms = _listed(one.check for one in outcome.alarms)
    result = f"crashed: {outcome.crash}" if outcome.crash else "false alarm" if alarms else "healthy"
    return f"{result:<26} {setting.name}, seed {seed} ({outcome.seconds:.1f} s): {alarms or '-'}"


def _result(verdict: Verdict, outcome: Outcome) -> str:
    return f"{verdict}; crashed: {outcome.crash}" if outcome.crash else verdict


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.most_common()) or "none"
