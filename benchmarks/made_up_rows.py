"""`python -m benchmarks.made_up_rows ROWS`: prepares and trains on a made-up table; prints seconds and MB as JSON."""

import json
import resource
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from foldproof.config import Params, params_from
from foldproof.data.batches import epoch_batches
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.splits import Split, make_split
from foldproof.data.statistics import Statistics, fit_statistics
from foldproof.reproducibility import using_threads
from foldproof.training.fit import fit
from foldproof.training.members import make_data, make_population, make_recipe

COLUMNS = 20
BATCH_SIZE = 8  # small, so that a thousand rows make enough steps
STEPS = 64  # at which every epoch is cut off, however many rows there are
EPOCHS = 5
Result = TypeVar("Result")


def main(rows: int) -> None:
    """Measure and print."""
    seconds: dict[str, float] = {"imports": memory()}
    params = made_up_params()

    def timed(name: str, run: Callable[[], Result]) -> Result:
        started = perf_counter()
        result = run()
        seconds[name] = perf_counter() - started
        return result

    with tempfile.TemporaryDirectory() as folder, using_threads(1):
        dataset = timed("prepare", lambda: prepared(rows, Path(folder)))
        split = timed("split", lambda: make_split(dataset, params.split, params.seed))
        statistics = timed("statistics", lambda: fit_statistics(dataset, split, params.preprocess))
        data = make_data(dataset, split, tuple(range(len(split.members))), BATCH_SIZE, STEPS)
        timed("shuffle", lambda: epoch_batches(data.training, data.keys, 0, BATCH_SIZE, STEPS))
        step, between = step_and_change_of_epoch(params, dataset, split, statistics)
    rest = max(0.0, between - step - seconds["shuffle"])
    print(json.dumps({**seconds, "step": step, "inner validation": rest, "peak": memory()}))


def made_up_params() -> Params:
    """A small MLP; all else as foldproof's defaults have it."""
    return params_from(
        {
            "schema": 1,
            "model": {"name": "mlp", "mlp": {"hidden": [32]}},
            "train": {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "early_stopping": {"patience": EPOCHS}},
        }
    )


def prepared(rows: int, folder: Path) -> Dataset:
    """Draw, validate, write and map back into memory."""
    generator = np.random.default_rng(rows)
    features = generator.standard_normal((rows, COLUMNS), dtype=np.float32)
    targets = (features[:, :3].sum(1) + generator.standard_normal(rows) > 0).astype(np.int64)
    describe("made up", features, targets, task="classification").save(folder)
    return Dataset.load(folder)


def step_and_change_of_epoch(
    params: Params, dataset: Dataset, split: Split, statistics: Statistics
) -> tuple[float, float]:
    """Median seconds from one optimizer step to the next, within an epoch and from one epoch to the next."""
    steps: dict[int, list[float]] = {}

    def note(optimizer: Optimizer, *_: Any) -> None:
        steps.setdefault(id(optimizer), []).append(perf_counter())  # one optimizer may step another

    everyone = make_population(dataset, split, statistics, params.model, params.train, params.augment)
    data = make_data(dataset, split, tuple(range(len(split.members))), BATCH_SIZE, STEPS)
    hook = register_optimizer_step_post_hook(note)
    fit(everyone, data, make_recipe(dataset.schema.targets, params.train), "cpu", "fp32", [])
    hook.remove()
    times = next(iter(steps.values()))
    gaps = [after - before for before, after in pairwise(times)]
    changes = gaps[STEPS - 1 :: STEPS]
    del gaps[STEPS - 1 :: STEPS]
    return median(gaps), median(changes)


def memory() -> float:
    """Peak of this process so far, in MB; Linux counts in `ru_maxrss` what the parent held when it started us."""
    status = Path("/proc/self/status")
    if status.exists():
        [peak] = [entry for entry in status.read_text(encoding="ascii").splitlines() if entry.startswith("VmHWM:")]
        return int(peak.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


if __name__ == "__main__":
    main(int(sys.argv[1]))
