"""How a stage runs: params are read and checked, refusals become messages with advice, and the exit code is honest."""

import errno
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from foldproof.config import Params, load_params
from foldproof.errors import FoldproofError
from foldproof.writer import one_writer

INTERRUPTED = 130
FULL = {errno.ENOSPC, errno.EDQUOT}  # the disk, or the user's share of it


def stage(name: str, main: Callable[[Params], None]) -> None:
    """Run one stage of the pipeline in the project's root; ends the process with code 1 on a refusal, 130 on Ctrl-C."""
    try:
        with one_writer(Path.cwd(), name):
            main(load_params())
    except FoldproofError as error:
        print(f"\nfoldproof: stage {name} stopped:\n{error}\n{_advice(name)}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            print(f"\nfoldproof: stage {name} stopped:\n{error}: free some\n{_advice(name)}", file=sys.stderr)
            sys.exit(1)
        traceback.print_exc()
        print(f"\nfoldproof: stage {name} failed by the fault above.\n{_advice(name)}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"\nfoldproof: stage {name} was interrupted.\n{_advice(name)}", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _advice(name: str) -> str:
    lock = Path("dvc.lock")
    if not (lock.exists() and f"\n  {name}:" in lock.read_text(encoding="utf-8")):
        return "Nothing of this stage was kept; mend the cause and run `dvc repro` again."
    return (
        "DVC removed this stage's earlier outputs when it started. To get those of the last good run back: undo the "
        "change, then `dvc checkout` (and `git checkout reports`); or mend the cause and run `dvc repro` again."
    )
