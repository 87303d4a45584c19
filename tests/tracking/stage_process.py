"""A stage as a process of its own, for tests that end it in every way: `stage_process.py ROOT SEED HOW`.

It trains at a seed, so that processes with different seeds are different runs in one workspace.
"""

import sys
import time
from pathlib import Path

from foldproof.config import params_from
from foldproof.data.schema import Column, Schema, Target
from foldproof.tracking import background, restoring
from foldproof.tracking.recorder import Recorder
from tests.tracking.projects import EPOCHS, tell_fit

SCHEMA = Schema("table", "table", (2,), (Column("a"), Column("b")), (Target("y", "regression"),), 10, "f" * 64)


def main(root: Path, seed: int, how: str) -> None:
    vars(restoring)["environment"] = lambda: {"torch": "1.2.3"}  # it would import torch, which takes seconds
    background.WAIT_AT_END = 90.0  # on a machine that is busy with other things
    params = params_from({"schema": 1, "seed": seed})
    with Recorder("train", params, SCHEMA, root) as record:
        tell_fit(record.sink, range(EPOCHS if how == "finish" else 2))
        record.metrics({"accuracy": 0.9})
        if how == "fail":
            raise ValueError("the loss is not finite")
        if how == "hang":
            (root / f"hangs-{seed}").touch()
            time.sleep(300)
        assert "mlflow" not in sys.modules, "training does not wait for mlflow to be imported"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
