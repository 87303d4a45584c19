"""The short form of `make chaos`: a training that was killed four times, and one that was cut off from its record.

Both go on at the same time, each in a clone; the second also has another `dvc repro` beside it. In the end they are one
as the other, and the record of each is whole. Kills are aimed at what is seen on disk, so nothing hangs on time.
"""

import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaos.clone import PREPARED, Clone, Params, fresh_clone
from chaos.moments import RESUME, await_writing, await_written
from chaos.processes import await_end_of_all, end_all, strike
from chaos.record import Record, differences, record_of
from chaos.reference import files_of, hashes_of

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found by Linux's /proc"),
]

EPOCHS = 40  # some pass unseen on a busy machine
TINY: Params = {
    "data": {"source": "wine"},
    "split": {"folds": 2, "repeats": 1},
    "preprocess": {"center": "feature", "scale": "feature"},
    "augment": {"shift": 0},
    "model": {"name": "mlp", "mlp": {"hidden": [16]}},
    "train": {"epochs": EPOCHS, "threads": 1, "engine": "in_process", "early_stopping": {"patience": EPOCHS}},
}


@dataclass(frozen=True)
class Ended:
    """A clone after its training, and what a run was told that came on top."""

    clone: Clone
    record: Record
    refusal: str = ""


def killed(clone: Clone) -> Ended:
    """A kill between write and rename of a checkpoint, one after it, one of `dvc` when the model is written.

    MLflow is told from the third run on: what the first two had to tell, their journal has kept.
    """
    for await_moment, whole_group in ((await_writing, False), (await_written, True)):
        process = clone.repro("train", FOLDPROOF_WAIT="1", FOLDPROOF_TRACKING="off")
        part = await_moment(process, clone, RESUME, 2)
        assert part is not None, clone.log.read_text(errors="replace")
        strike(-process.pid if whole_group else part.writer)
        process.wait()
    process = clone.repro("train", FOLDPROOF_WAIT="1")
    while not (clone.folder / "models" / "model.json").exists() and process.poll() is None:
        time.sleep(0.01)
    strike(process.pid)
    process.wait()
    assert clone.repro("train", FOLDPROOF_WAIT="1").wait() == 0, clone.log.read_text(errors="replace")
    return synced(clone)


def cut_off(clone: Clone) -> Ended:
    """The store is locked for as long as the run takes; a second run comes while the first one's stage stands still."""
    with closing(sqlite3.connect(clone.folder / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        first = clone.repro("train")
        part = await_writing(first, clone, RESUME, 0)
        assert part is not None, clone.log.read_text(errors="replace")
        second = clone.speaking_to(clone.log.with_suffix(".second.log"))
        refused = second.until_end(second.repro("train"), 0)
        strike(part.writer, signal.SIGCONT)
        assert first.wait() == 0, clone.log.read_text(errors="replace")
    assert refused.code != 0, refused.said
    return synced(clone, refused.said)


def synced(clone: Clone, refusal: str = "") -> Ended:
    """The fourth kill: of whoever is still telling MLflow; what it has left is sent."""
    end_all(clone.folder)
    done = clone.sync()
    assert done.code == 0, done.said
    assert "are not in MLflow" not in done.said
    return Ended(clone, record_of(clone.folder / "mlflow.db"), refusal)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ended, Ended]]:
    scratch = tmp_path_factory.mktemp("chaos")
    one = fresh_clone(scratch / "killed", TINY)
    prepared = one.until_end(one.repro(PREPARED), 0)
    assert prepared.code == 0, prepared.said
    other = one.copy(scratch / "cut off")
    try:
        with ThreadPoolExecutor() as lanes:
            results = lanes.submit(killed, one), lanes.submit(cut_off, other)
            yield results[0].result(), results[1].result()
    finally:
        for clone in (one, other):
            end_all(clone.folder)


def test_the_killed_one_has_the_bytes_of_the_other(both: tuple[Ended, Ended]) -> None:
    one, other = both
    assert hashes_of(one.clone) == hashes_of(other.clone)
    assert files_of(one.clone) == files_of(other.clone)


def test_it_went_on_where_it_was_killed(both: tuple[Ended, Ended]) -> None:
    one, _ = both
    assert one.clone.log.read_text(errors="replace").count("going on after epoch") >= 2


def test_the_record_of_each_is_whole_and_has_each_point_once(both: tuple[Ended, Ended]) -> None:
    one, other = both
    for ended in both:
        assert ended.record.parents == 1
        assert set(ended.record.statuses) == {"", "fold 0", "fold 1"}
        assert set(ended.record.statuses.values()) == {"FINISHED"}
        assert {len(values) for values in ended.record.points.values()} == {1}
        losses = [step for run, name, step in ended.record.points if (run, name) == ("fold 0", "training_loss")]
        assert sorted(losses) == list(range(EPOCHS))
    assert differences(one.record, other.record) == []


def test_a_second_run_beside_it_is_refused_with_the_number_of_the_first(both: tuple[Ended, Ended]) -> None:
    _, other = both
    assert re.search(
        r"is busy, it is being blocked by:\s+\(PID \d+\)|another run is writing.*\"pid\": \d+", other.refusal
    )


def test_nobody_is_left_behind(both: tuple[Ended, Ended]) -> None:
    for ended in both:
        assert await_end_of_all(ended.clone.folder, 60) == []
