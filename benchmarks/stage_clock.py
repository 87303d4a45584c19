"""`python -m benchmarks.stage_clock`, in a clone: the seconds that stage train spends in its fit, as JSON.

`fit`: a fit without tracking, the second of two, so that no import is in it. `tracking PAIRS`: the stage again and
again in this process, tracking on and off in turn; its seconds, and those of the fit within it. Every turn is a run of
its own, all of whose records must arrive, and the process that sends them must have ended before the next turn.
"""

import contextlib
import json
import os
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from benchmarks.rounds import rounds
from foldproof.config import load_params
from foldproof.tracking.mirror import being_sent, records_left
from foldproof.tracking.recorder import SWITCH
from foldproof.training import cross_validation

VALUES = {"on": "", "off": "off"}


def main(what: str, pairs: int = 1) -> None:
    """Measure and print."""
    train: Callable[[Any], None] = runpy.run_path("pipeline/train.py")["main"]
    with contextlib.redirect_stdout(sys.stderr):
        if what == "fit":
            found: Any = [stage_and_fit(train, "off", number) for number in range(2)][-1]
        else:
            for switch in VALUES:
                stage_and_fit(train, switch, pairs)  # the first of each makes the store, or imports
            runs = rounds({switch: _once(train, switch) for switch in VALUES}, pairs)
            found = {switch: [run[switch] for run in runs] for switch in VALUES}
    print(json.dumps(found))


def _once(train: Callable[[Any], None], switch: str) -> Callable[[int], dict[str, float]]:
    return lambda turn: stage_and_fit(train, switch, turn)


def stage_and_fit(train: Callable[[Any], None], switch: str, turn: int) -> dict[str, float]:
    """Seconds of the whole stage, and within it of the call that trains."""
    original, seconds = cross_validation.train_members, {}

    def timed(*arguments: Any, **named: Any) -> Any:
        started = perf_counter()
        trained = original(*arguments, **named)
        seconds["fit"] = perf_counter() - started
        return trained

    shutil.rmtree(".foldproof/resume", ignore_errors=True)  # what a finished fit left is not to be continued
    os.environ[SWITCH] = VALUES[switch]
    cross_validation.train_members = timed
    try:
        params = load_params()
        known = journals()
        # a number that training does not read, so that every turn of either side is a run with a journal of its own
        own = 1000 + len(VALUES) * turn + list(VALUES).index(switch)
        params = params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"bootstrap": own})})
        started = perf_counter()
        train(params)
        seconds["stage"] = perf_counter() - started
    finally:
        cross_validation.train_members = original
    if switch == "on":
        (journal,) = journals() - known
        await_sending(journal)
    return seconds


def journals() -> set[Path]:
    """The journals of all runs so far."""
    return set(Path(".foldproof/journal").glob("*.jsonl"))


def await_sending(journal: Path) -> None:
    """Wait until nobody sends this journal any more, which lasts some seconds beyond the last record."""
    while being_sent(journal):
        sleep(0.2)
    left, total = records_left(journal)
    if left or not total:
        raise RuntimeError(f"{left} of {total} records have not arrived, so nothing was measured")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
