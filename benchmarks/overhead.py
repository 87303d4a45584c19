"""Part `overhead`: what surrounds the fit. Processes and their imports, DVC's own work, and tracking.

Measured in fresh clones of the last commit (what is not committed is not measured), with a store of MLflow that has
been used before.
"""

import json
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks.clones import Clone, seconds_of
from benchmarks.empty_pipeline import make_empty_pipeline
from benchmarks.median_interval import MedianInterval, explained, median_interval
from benchmarks.rounds import rounds

REPROS, NO_OPS, TRACKED = 3, 6, 6  # pairs
IMPORTS = "import torch, pytorch_lightning, mlflow, sklearn"
TRACKED_FIT = {"train": {"epochs": 12}}  # some seconds, as the start of the companion process must not decide
MOST_REPRO, MOST_NO_OP, MOST_TRACKING, MOST_TRACKING_UPPER = 2.5, 1.5, 1.03, 1.05


def measure(pairs: int | None, say: Callable[[str], None]) -> list[str]:
    """All three; an aim that is missed is told in the table and is no error."""
    missing = [name for name in ("dvc", "mlflow") if find_spec(name) is None]
    if missing:
        say(f"Not measured here: {' and '.join(missing)} is not installed.")
        return []
    numbers = sorted({pairs} if pairs else {REPROS, NO_OPS, TRACKED})
    told = "; ".join(f"with {number} pairs, {explained(number)}" for number in numbers)
    say(f"Clones of the last commit, a warm SQLite store, pairs that alternate; {told}.")
    say("| what | seconds | beside | seconds | ratio, median (interval) | pairs | aim |")
    say("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        reproduced = whole_repro(folder, pairs or REPROS, say)
        no_op_repro(reproduced, folder, pairs or NO_OPS, say)
        tracking(folder, pairs or TRACKED, say)
    return []


def whole_repro(folder: Path, pairs: int, say: Callable[[str], None]) -> Clone:
    """Time `dvc repro` of fresh clones less the fit, beside one process that imports; the last clone."""
    from foldproof.workflow import SMALL

    clones = [Clone.fresh(folder / f"clone {number}", SMALL) for number in range(pairs + 1)]
    clones[0].seconds("-m", "dvc", "repro")  # makes the store, and warms what the system keeps of the files
    fit = json.loads(clones[0].output("-m", "benchmarks.stage_clock", "fit"))["fit"]
    runs = rounds(
        {
            "repro": lambda number: clones[number + 1].seconds("-m", "dvc", "repro") - fit,
            "imports": lambda number: clones[number + 1].seconds("-c", IMPORTS),
        },
        pairs,
    )
    ratio = median_interval([run["repro"] / run["imports"] for run in runs])
    names = f"`dvc repro`, 2 folds x 2 epochs, less {fit:.2f} s of fit", f"one process: `{IMPORTS}`"
    say(line(names, [run["repro"] for run in runs], [run["imports"] for run in runs], ratio, pairs, MOST_REPRO))
    return clones[-1]


def no_op_repro(clone: Clone, folder: Path, pairs: int, say: Callable[[str], None]) -> None:
    """Time a `dvc repro` that finds nothing to do, beside that of the empty pipeline."""
    from foldproof.workflow import STAGES

    empty = folder / "empty"
    make_empty_pipeline(empty, len(STAGES), clone.environment())
    command = ("-m", "dvc", "repro")
    runs = rounds(
        {
            "ours": lambda _: clone.seconds(*command),
            "empty": lambda _: seconds_of(command, empty, clone.environment()),
        },
        pairs,
    )
    ratio = median_interval([run["ours"] / run["empty"] for run in runs])
    names = "`dvc repro` with nothing to do", f"the same of {len(STAGES)} stages that copy a file"
    say(line(names, [run["ours"] for run in runs], [run["empty"] for run in runs], ratio, pairs, MOST_NO_OP))


def tracking(folder: Path, pairs: int, say: Callable[[str], None]) -> None:
    """Time the fit within stage train with tracking on, beside that with tracking off."""
    clone = Clone.fresh(folder / "tracked", TRACKED_FIT)
    for stage in ("prepare", "split", "preprocess", "check"):
        clone.seconds(f"pipeline/{stage}.py")
    found = json.loads(clone.output("-m", "benchmarks.stage_clock", "tracking", str(pairs)))
    for what, aim in (("fit", MOST_TRACKING), ("stage", None)):
        on, off = ([run[what] for run in found[switch]] for switch in ("on", "off"))
        ratio = median_interval([one / other for one, other in zip(on, off, strict=True)])
        names = f"{'fit' if what == 'fit' else 'the whole stage'} of stage train, tracking on", "the same, tracking off"
        say(line(names, on, off, ratio, pairs, aim, MOST_TRACKING_UPPER if aim else None))


def line(
    names: tuple[str, str],
    ours: list[float],
    beside: list[float],
    ratio: MedianInterval,
    pairs: int,
    most: float | None,
    most_upper: float | None = None,
) -> str:
    """One line of the table; an aim is about the median, and where one is given about the interval's upper end."""
    seconds = [median_interval(values).median for values in (ours, beside)]
    told = ""
    if most is not None:
        reached = ratio.median <= most and (most_upper is None or ratio.high <= most_upper)
        upper = f", upper end ≤ {most_upper:g}" if most_upper else ""
        told = f"≤ {most:g}{upper}: {'reached' if reached else 'missed'}"
    shown = f"{ratio.median:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"
    return f"| {names[0]} | {seconds[0]:.2f} | {names[1]} | {seconds[1]:.2f} | {shown} | {pairs} | {told} |"
