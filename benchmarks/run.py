"""`make bench`: times foldproof beside its rivals, shows how it scales and what surrounds the fit, writes RESULTS.md.

`make bench ARGS="--only fit,scale --pairs 3"` chooses parts and how often the sides take turns. Ends with code 1 where
two sides that should train the same networks differ in accuracy by more than seeds explain.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module

from benchmarks import results_file

PARTS = {
    "fit": "benchmarks.fit_times",
    "scale": "benchmarks.scale",
    "techniques": "benchmarks.techniques",
    "watching": "benchmarks.watching",
    "check": "benchmarks.check_time",
    "range": "benchmarks.range_test",
    "overhead": "benchmarks.overhead",
    "gpu": "benchmarks.gpu",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen parts, one after another; each line is printed as it comes, each part written as it ends."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=f"some of {','.join(PARTS)} (default: all)")
    parser.add_argument("--pairs", type=int, help="how often the sides take turns (default: each part's own number)")
    chosen = parser.parse_args(arguments)
    problems = [problem for name in chosen.only for problem in run(name, chosen.pairs)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def run(name: str, pairs: int | None) -> list[str]:
    """One part: measured, printed, written between its marks; what is wrong with it."""
    print(f"\n-- {name}", flush=True)
    lines: list[str] = []
    measure: Callable[[int | None, Callable[[str], None]], list[str]] = import_module(PARTS[name]).measure
    load = os.getloadavg()[0]
    problems = measure(pairs, lambda line: _say(line, lines))
    machine = results_file.machine("skorch", "dvc", "mlflow", gpu=name == "gpu")
    measured = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}. Load average when this part began: {load:.1f}."
    results_file.write(name, "\n".join([measured, "", *_spaced(lines)]))
    return problems


def _say(line: str, lines: list[str]) -> None:
    print(line, flush=True)
    lines.append(line)


def _spaced(lines: Sequence[str]) -> list[str]:
    """An empty line between text and table, as Markdown wants it."""
    spaced: list[str] = []
    for line in lines:
        if spaced and line.startswith("|") != spaced[-1].startswith("|"):
            spaced.append("")
        spaced.append(line)
    return spaced


def _parts(text: str) -> list[str]:
    found = [name.strip() for name in text.split(",")]
    unknown = sorted(set(found) - PARTS.keys())
    if unknown:
        raise argparse.ArgumentTypeError(f"found {', '.join(unknown)}, legal: {', '.join(PARTS)}")
    return found


if __name__ == "__main__":
    sys.exit(main())
