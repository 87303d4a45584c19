"""Data of the kinds that users bring, from files: `make bench-data`, or `python -m benchmarks.own_data PART ...`.

The environment variable FOLDPROOF_DATA names the folder of the shared data sets; each part writes its own section of
benchmarks/RESULTS.md.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import own_images, own_rows, own_text, results_file

Say = Callable[[str], None]
PARTS: dict[str, Callable[[Path, Say], None]] = {
    "mnist": own_images.mnist,
    "cifar10": own_images.cifar10,
    "ewt": own_text.tasks,
    "transfer": own_text.transfer,
    "rows": own_rows.scale,
}


def main() -> None:
    """Run the parts that are named, or all, and write each when it is done."""
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        raise SystemExit(f"{', '.join(unknown)}: no such part, legal: {', '.join(PARTS)}")
    shared = Path(os.environ.get("FOLDPROOF_DATA", ""))
    if not (shared / "mnist10k").is_dir():
        raise SystemExit("FOLDPROOF_DATA: names no folder with mnist10k/, cifar10-jpeg.tar.xz and ewt/")
    for name in wanted:
        lines = [_heading()]

        def say(line: str, told: list[str] = lines) -> None:
            print(line, flush=True)
            told.append(line)

        with workspace():
            PARTS[name](shared.resolve(), say)
        results_file.write(f"own_{name}", "\n".join(lines))


@contextmanager
def workspace() -> Iterator[None]:
    """An empty folder to work in, with the `data/raw/` that sources read from."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("data/raw").mkdir(parents=True)
        yield


def _heading() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"Measured {datetime.now(UTC):%Y-%m-%d} on {results_file.machine()}; load average before: {load}.\n"


if __name__ == "__main__":
    main()
