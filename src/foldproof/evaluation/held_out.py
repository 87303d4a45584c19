"""The test set, scored once: the ensemble with its interval, and the mean of the members.

Rows of one group, and equal rows that the split kept together, came to the test set together and are no independent
witnesses: an interval counts units of such rows, and of too few units it is none.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.evaluate import Evaluate
from foldproof.data.dataset import Dataset
from foldproof.data.duplicates import digests_of, equal_rows
from foldproof.data.splits import Split
from foldproof.data.splits.units import units_of
from foldproof.errors import DataError
from foldproof.evaluation.assessment import TestScore, TestSet
from foldproof.evaluation.ensembles import ensemble, member_scores
from foldproof.evaluation.intervals import Interval, bootstrap_interval, wilson
from foldproof.metrics import METRICS, Metric, Sequences
from foldproof.reproducibility import seed_of

Array = NDArray[Any]

FEWEST = 5  # units; of fewer, draws say next to nothing about what others would score


@dataclass(frozen=True)
class HeldOutUnits:
    """The unit of each test row, `[n]`, or None where each row is one of its own; what units are called, how many."""

    of_row: Array | None
    name: str
    count: int

    @classmethod
    def of(cls, split: Split, dataset: Dataset) -> "HeldOutUnits":
        """Groups, where the data has them, and equal rows, where the split kept them together."""
        rows = split.test_rows()
        groups = None if dataset.groups is None else np.asarray(dataset.groups)[rows]
        units, name = groups, "rows" if groups is None else "groups"
        if len(rows) and split.audit["duplicates"] == "together" and not split.audit["ordered"]:
            cluster = equal_rows(digests_of(replace(dataset, features=dataset.features[rows], groups=groups)))
            if cluster.max() + 1 < len(rows):
                units, name = units_of(groups, cluster), "different rows" if groups is None else "groups"
        return cls(units, name, len(rows) if units is None else len(np.unique(units)))


def score_test_set(
    split: Split, dataset: Dataset, members: Array | None, section: Evaluate, names: tuple[str, ...], tags: Sequences
) -> TestSet | None:
    """Every metric on the test rows; None where there are none, DataError where the predictions are not theirs.

    Args:
        split: who saw which row.
        dataset: the rows.
        members: `[M, n, C]` probabilities or `[M, n]` values for `split.test_rows()`, or None.
        section: confidence, draws of the bootstrap.
        names: of the metrics.
        tags: what the classes mean, of all rows.
    """
    rows = split.test_rows()
    if len(rows) == 0:
        return None
    if members is None or members.shape[1] != len(rows):
        shape = None if members is None else members.shape
        raise DataError(
            f"test predictions have shape {shape}, must hold the {len(rows)} test rows of each member",
        )
    targets, units, seed = dataset.targets[rows], HeldOutUnits.of(split, dataset), int(split.audit["seed"])
    metrics = [METRICS[name].on(tags.of(rows)) for name in names]
    return TestSet(len(rows), {one.name: _score(one, targets, members, section, seed, units) for one in metrics})


def _score(
    metric: Metric, targets: Array, members: Array, section: Evaluate, seed: int, units: HeldOutUnits
) -> TestScore:
    together = ensemble(members)
    score = metric.function(targets, together)
    alone = float(np.mean(member_scores(metric, targets, members)))
    if units.count < FEWEST:
        why = f"none: the test set is of {units.count} {units.name}, an interval needs {FEWEST}"
        return TestScore(score, None, None, why, alone)
    key = seed_of("bootstrap", seed)
    found = bootstrap_interval(
        metric.of_draws, targets, together, section.bootstrap, section.confidence, key, units.of_row, units.name
    )
    if found is None and metric.name == "accuracy" and score in (0.0, 1.0):
        found = _wilson(int(score), units, section.confidence)
    if found is None:
        return TestScore(score, None, None, "none: every draw scores the same", alone)
    return TestScore(score, found.low, found.high, found.method, alone)


def _wilson(share: int, units: HeldOutUnits, confidence: float) -> Interval:
    """All units right, or all wrong."""
    found = wilson(share * units.count, units.count, confidence)
    return found if units.of_row is None else replace(found, method=f"Wilson over {units.count} {units.name}")
