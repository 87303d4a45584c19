"""Where a training leaves its trail: a digest of all that shapes it, one process at a time, in an order that lasts."""

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from foldproof.data.statistics import fit_statistics
from foldproof.training import resume
from foldproof.training.events import MemberStopped
from foldproof.training.plan import Plan
from foldproof.training.resume import Trail, digest_of_training, events_path, trail_of
from tests.training.setting import digits, params, split_of

DATASET = digits(300)
JOB = params(model={"name": "mlp"})
PLAN = Plan(((0, 1), (2, 3)), "in_process", "cpu", "fp32", 1)


def test_the_digest_follows_everything_that_shapes_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = JOB
    split = split_of(DATASET, chosen)
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    parts: dict[str, Any] = {
        "schema": DATASET.schema,
        "split": split,
        "statistics": statistics,
        "sections": (chosen.model, chosen.train, chosen.augment),
        "plan": PLAN,
    }
    others: list[dict[str, Any]] = [
        {"schema": replace(DATASET.schema, fingerprint="of other rows")},
        {"split": replace(split, roles=split.roles[:, ::-1].copy())},
        {"split": replace(split, members=tuple(replace(member, seed=1) for member in split.members))},
        {"statistics": replace(statistics, learnt={**statistics.learnt, "center": statistics.learnt["center"] + 1e-9})},
        {"sections": (chosen.model, params(train={"label_smoothing": 0.1}).train, chosen.augment)},
        {"plan": replace(PLAN, threads=2)},
    ]
    digests = [digest_of_training(**parts | other) for other in [{}, *others]]
    assert digest_of_training(**parts) == digests[0]
    monkeypatch.setattr(resume, "environment", lambda: {"torch": "of another version"})
    digests.append(digest_of_training(**parts))
    monkeypatch.setattr(resume, "_PACKAGE", tmp_path)  # other code
    digests.append(digest_of_training(**parts))
    assert len(set(digests)) == len(digests)


def test_a_trail_is_for_one_process_at_a_time(tmp_path: Path) -> None:
    entered = threading.Event()

    def enter() -> None:
        with trail_of(tmp_path):
            entered.set()

    second = threading.Thread(target=enter, daemon=True)
    with trail_of(tmp_path):
        second.start()
        assert not entered.wait(0.5)
    assert entered.wait(10)
    second.join()


def test_events_are_durable_before_the_checkpoint_that_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, int]] = []
    fsync, rename = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        if os.path.samestat(os.fstat(descriptor), events_path(tmp_path).stat()):
            done.append(("events", os.fstat(descriptor).st_size))

    def noted_rename(source: Path, target: Path) -> None:
        done.append(("checkpoint", len(done)))
        rename(source, target)

    monkeypatch.setattr("os.fsync", noted_fsync)
    monkeypatch.setattr("os.replace", noted_rename)
    with trail_of(tmp_path) as trail:
        assert trail is not None
        trail.take(MemberStopped(split_of(DATASET, JOB).members[0], 1, 1, "patience"))
        trail.save(1, {"matrix": torch.zeros(1)}, {})
    length = events_path(tmp_path).stat().st_size
    assert done == [("events", length), ("checkpoint", 1)]
    found = Trail(tmp_path).found
    assert found is not None
    assert found.facts["events"] == length > 0
