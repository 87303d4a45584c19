"""Go through the table of wrecks: apply one, run its test, put it back, next; each line is printed as it comes.

`make sabotage ARGS="--only journal"` takes the wrecks whose names contain a text, `ARGS=--reasons` tells what each test
said. Ends with code 1 where a test stayed green, with 2 where the tests are not green to begin with.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from sabotage.copy import Copy, copy_of
from sabotage.runs import Outcome, Runs, runs_in
from sabotage.wreck import Wreck
from sabotage.wrecks import WRECKS

CHECKOUT = Path(__file__).resolve().parents[1]
LONGEST_OF_ALL = 900  # seconds that all the named tests together may take on the unharmed copy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen wrecks, one after another; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make sabotage", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="the wrecks whose names contain this text")
    parser.add_argument("--reasons", action="store_true", help="tell what each test said when it failed")
    chosen = parser.parse_args(arguments)
    wrecks = [wreck for wreck in WRECKS if chosen.only.lower() in wreck.name.lower()]
    if not wrecks:
        parser.error(f"no wreck is called so: {chosen.only!r}; there are: {', '.join(one.name for one in WRECKS)}")
    with copy_of(CHECKOUT) as copy, runs_in(copy) as runs:
        if not runs.imported().is_relative_to(copy.root):
            return _complain(f"the tests would run on {runs.imported()}, not on the copy")
        misfits = [problem for wreck in wrecks for problem in _misfits(copy, wreck)]
        if misfits:
            return _complain("\n".join(misfits))
        tests = sorted({wreck.test for wreck in wrecks})
        print(f"{len(wrecks)} wrecks; first their {len(tests)} tests on an unharmed copy", flush=True)
        unharmed = runs.run(tests, LONGEST_OF_ALL)
        if unharmed.code != 0:
            return _complain(f"{unharmed.output}\nthe tests are not green before anything is wrecked")
        return 0 if _all_red(runs, wrecks, chosen.reasons) else 1


def _misfits(copy: Copy, wreck: Wreck) -> list[str]:
    try:
        wreck.harmed(copy.source(wreck.file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [str(error)]
    return []


def _all_red(runs: Runs, wrecks: Sequence[Wreck], reasons: bool) -> bool:
    """Print a line a wreck, then the count."""
    started, noticed = monotonic(), 0
    widths = [max(map(len, column)) for column in zip(*map(_columns, wrecks), strict=True)]
    print(_line("result", ("wreck", "file", "test"), widths), flush=True)
    for wreck in wrecks:
        source = runs.copy.source(wreck.file).read_text(encoding="utf-8")
        with runs.copy.holding(wreck.file, wreck.harmed(source)):
            outcome = runs.run([wreck.test])
        noticed += outcome.red
        print(_line(_word(outcome), _columns(wreck), widths), flush=True)
        if outcome.code and (reasons or not outcome.red):
            print(f"{'':13}{outcome.reason}", flush=True)
    print(f"{noticed} of {len(wrecks)} wrecks were noticed, in {monotonic() - started:.0f} s")
    return noticed == len(wrecks)


def _columns(wreck: Wreck) -> tuple[str, str, str]:
    return wreck.name, wreck.file, wreck.test


def _line(result: str, columns: tuple[str, str, str], widths: Sequence[int]) -> str:
    shown = [column.ljust(width) for column, width in zip(columns, widths, strict=True)]
    return "  ".join([result.ljust(11), *shown]).rstrip()


def _word(outcome: Outcome) -> str:
    if outcome.red:
        return "red"
    return "STILL GREEN" if outcome.code == 0 else "NO VERDICT"


def _complain(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
