"""`python -m chaos`: everything, or what `--only` names; ends with 1 where anything was lost."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chaos.concurrent import concurrent
from chaos.full_disk import full_disk
from chaos.kills import kill
from chaos.outages import OUTAGES, no_outage, outages
from chaos.reference import make_reference
from chaos.scoreboard import Scoreboard
from chaos.sqlite_outages import sqlite_outages

ENGINES = ("in_process", "workers")
PARTS = ("kills", "outages", "full", "concurrent")


def main() -> int:
    """Run, print the table; the exit code."""
    parser = argparse.ArgumentParser("chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how many processes to kill (default: 50)")
    parser.add_argument("--seed", type=int, default=0, help="decides moments and victims (default: 0)")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--scratch", type=Path, help="an empty folder to work in (default: a temporary one)")
    chosen = parser.parse_args()
    wanted = chosen.only.split(",")
    if not set(wanted) <= set(PARTS):
        parser.error(f"--only: found {chosen.only!r}, legal are {', '.join(PARTS)}")
    scratch = (chosen.scratch or Path(tempfile.mkdtemp(prefix="chaos-"))).resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    board, began = Scoreboard(), time.monotonic()
    with ThreadPoolExecutor() as pool:  # two lanes, for two cores
        references = list(pool.map(lambda engine: make_reference(scratch, engine), ENGINES))
        for reference in references:
            board.say(f"reference {reference.engine}: {_told(reference.seconds)}")
        first, _ = references
        steps: dict[str, tuple[Callable[[], None], ...]] = {
            "kills": (
                lambda: kill(scratch, references[0], chosen.kills - chosen.kills // 2, chosen.seed, board),
                lambda: kill(scratch, references[1], chosen.kills // 2, chosen.seed, board),
            ),
            "outages": (
                lambda: outages(scratch, first, board, (no_outage, *OUTAGES[::2])),
                lambda: outages(scratch, first, board, (no_outage, *OUTAGES[1::2])),
            ),
            "full": (lambda: full_disk(scratch, references, board), lambda: sqlite_outages(scratch, first, board)),
            "concurrent": (lambda: concurrent(scratch, references, board),),
        }
        for name in PARTS:
            if name in wanted:
                for lane in [pool.submit(step) for step in steps[name]]:
                    lane.result()
    print(f"\n{board}\n{time.monotonic() - began:.0f} s, seed {chosen.seed}")
    if board.faults:
        print(f"LOST; the clones and what was said in them are in {scratch}:", *board.faults, sep="\n  ")
        return 1
    if not chosen.scratch:
        shutil.rmtree(scratch)
    return 0


def _told(seconds: dict[str, float]) -> str:
    return f"{sum(seconds.values()):.0f} s, " + ", ".join(f"{stage} {value:.1f}" for stage, value in seconds.items())


if __name__ == "__main__":
    sys.exit(main())
