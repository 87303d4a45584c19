"""A training of two populations that the tests of resume and of workers share, whole or as an engine's assignment."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foldproof.data.splits import Member
from foldproof.data.statistics import fit_statistics
from foldproof.training.assignment import Assignment
from foldproof.training.beginning import beginning_of
from foldproof.training.cross_validation import Trained, train_members
from foldproof.training.events import EpochEnded, Event, LayersWatched, MemberStopped
from foldproof.training.plan import Plan
from foldproof.training.resume import Resume
from tests.training.setting import digits, params, split_of

DATASET = digits(300)
PLAN = Plan(((0, 1), (2, 3)), "in_process", "cpu", "fp32", 1)


def job(**train: Any) -> Any:
    section = {"epochs": 8, "threads": 1, "watch_every": 7, "early_stopping": {"patience": 2}, **train}
    return params(
        model={"name": "mlp", "mlp": {"hidden": [16]}}, train=section, augment={"shift": 1}, split={"folds": 4}
    )


def trained(chosen: Any, sinks: Any = (), resume: Resume | None = None) -> Trained:
    split = split_of(DATASET, chosen)
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    return train_members(DATASET, split, statistics, chosen.model, chosen.train, chosen.augment, sinks, resume)


def assignment_in(folder: Path | None) -> Assignment:
    chosen = job()
    split = split_of(DATASET, chosen)
    statistics = fit_statistics(DATASET, split, chosen.preprocess)
    beginning = beginning_of(chosen.model, chosen.train, DATASET.schema, split, statistics.preprocessing)
    return Assignment(DATASET, split, statistics, chosen.model, chosen.train, chosen.augment, PLAN, folder, beginning)


def of_population(events: Sequence[Event], number: int) -> list[Event]:
    """The events of one population's members in their order."""
    members = {Member(0, 0, fold) for fold in PLAN.populations[number]}
    return [
        event
        for event in events
        if (isinstance(event, MemberStopped) and event.member in members)
        or (isinstance(event, EpochEnded | LayersWatched) and members.issuperset(event.members))
    ]
