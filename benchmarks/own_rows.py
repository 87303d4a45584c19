"""Part `rows`: stages on CSV files of 10^4 to 10^6 made-up rows x 50 columns."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.own_fit import write_params
from benchmarks.own_stage import run

ROWS = (10**4, 10**5, 3 * 10**5, 10**6)
COLUMNS, BLOCK = 50, 10**4
STAGES = ("prepare", "split", "preprocess")
WITHIN = 0.2
CHANGES = {"data": {"source": "csv", "path": "data/raw/rows.csv", "target": "y"}}


def scale(_: Path, say: Callable[[str], None]) -> None:
    """Seconds and peak memory of each stage in a process of its own."""
    say(
        f"CSV files of {COLUMNS} columns of normal numbers with four decimals (numpy's Philox, seed 0) and two "
        "classes; each stage of the pipeline in a process of its own, imports included. Memory: the peak, and of it "
        "what is not pages of mapped files."
    )
    say("")
    say(
        "| rows | file, MB | " + " | ".join(f"{name}, s, CPU s | memory, MB" for name in STAGES) + " | CPU s together |"
    )
    say("|---" * (2 * len(STAGES) + 3) + "|")
    together = []
    for rows in ROWS:
        megabytes = write_rows(Path("data/raw/rows.csv"), rows)
        write_params(CHANGES)
        found = [run(stage) for stage in STAGES]
        together.append(sum(one["cpu"] for one in found))
        cells = " | ".join(
            f"{one['seconds']:.1f}, {one['cpu']:.1f} | {one['peak']:.0f}, {one['own']:.0f}" for one in found
        )
        say(f"| {rows:,} | {megabytes:.0f} | {cells} | {together[-1]:.1f} |")
    (small, middle), large = together[:2], together[-1]
    fixed = small - (middle - small) / 9  # of a straight line through the first two
    expected = fixed + (middle - small) / 9 * 100
    within = abs(large / expected - 1)
    say("")
    say(
        "In CPU time, which a busy machine disturbs less: a straight line through the first two files, with "
        f"{fixed:.1f} s of start-up, gives {expected:.1f} s for the third; measured {large:.1f} s, "
        f"{large / expected - 1:+.0%}. Aim, linear within {WITHIN:.0%}: {'reached' if within <= WITHIN else 'missed'}."
    )


def write_rows(path: Path, rows: int) -> float:
    """Write the file block by block; its size in MB."""
    draws = np.random.Generator(np.random.Philox(0))
    with path.open("w", encoding="ascii") as stream:
        stream.write(",".join(f"x{place}" for place in range(COLUMNS)) + ",y\n")
        for _ in range(rows // BLOCK):
            numbers = draws.normal(size=(BLOCK, COLUMNS))
            classes = np.where(numbers[:, :5].sum(1) + draws.normal(size=BLOCK) > 0, "yes_", "no_")
            form = ",".join(["%.4f"] * COLUMNS)
            stream.writelines(
                f"{form % tuple(row)},{one}\n" for row, one in zip(numbers.tolist(), classes, strict=True)
            )
    return path.stat().st_size / 1e6
