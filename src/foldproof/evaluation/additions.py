"""What each kind of averaging added, measured: the same run with it and without it, on the same folds and test rows.

In their order: averaged weights and snapshots, against the model as it would be without (training keeps that beside
it); a greedy choice of snapshots; the ensemble of the folds; views and masks at test time. What is off costs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.evaluate import Evaluate
from foldproof.data.batches import padded
from foldproof.data.dataset import Dataset
from foldproof.data.splits import Role, Split
from foldproof.evaluation.assess import resolution_of, test_to_training
from foldproof.evaluation.assessment import Addition
from foldproof.evaluation.comparison import Comparison, compare
from foldproof.evaluation.ensembles import ensemble, greedy_selection, member_scores
from foldproof.evaluation.test_time import (
    joined_spread,
    over_masks,
    over_views,
    refuse_masks_that_mask_nothing,
    views_of,
)
from foldproof.evaluation.wording import counted
from foldproof.metrics import METRICS, Metric, Sequences, primary
from foldproof.model.exported import ExportedModel
from foldproof.model.without import Without

Array = NDArray[Any]
Predict = Callable[[ExportedModel, Array], Array]  # of rows `[M, n]`, by each member, `[M, n, ...]`
LOSSES = {"classification": "log_loss", "regression": "rmse"}  # told beside the primary metric: averaging lowers them
MEMBER = "a single member, on average"


@dataclass(frozen=True)
class Predicted:
    """Predictions of the rows that scored each member, and the ensemble's of the test rows, `[n, ...]`."""

    out_of_fold: list[Array]
    test: Array


@dataclass(frozen=True)
class MonteCarlo:
    """Mean and standard deviation `[n, ...]` of the ensemble's predictions of the test rows under masks."""

    mean: Array
    spread: Array


@dataclass(frozen=True)
class Added:
    """What averaging added, line by line, and the spread that masks showed, where they were asked for."""

    additions: tuple[Addition, ...]
    monte_carlo: MonteCarlo | None


def what_averaging_added(
    model: ExportedModel,
    without: Sequence[Without],
    dataset: Dataset,
    split: Split,
    test_members: Array,
    section: Evaluate,
) -> Added:
    """Compare the model with itself, without what made it and with what could be added at test time.

    Args:
        model: as exported.
        without: what it would be without averaging and snapshots, as training kept it.
        dataset: the rows.
        split: who saw which row.
        test_members: the members' predictions of the test rows, `[M, n, ...]`.
        section: views, masks, the primary metric and the confidence.

    Raises ConfigError where views or masks are asked for that do not fit.
    """
    views = views_of(section.test_time, dataset.schema)
    refuse_masks_that_mask_nothing(section.monte_carlo_dropout, model.draws)
    bench = _Bench(dataset, split, section)
    additions = [*_in_training(bench, model, without), *bench.of_folds(test_members)]
    monte_carlo = None
    if len(views) > 1 or section.monte_carlo_dropout:
        plain = bench.predicted(model)
        if len(views) > 1:
            seen = bench.predicted(model, lambda one, rows: over_views(one, dataset.features, rows, views))
            told = "views at test time: " + _named(section)
            additions += bench.compared(told, "the image as it is", seen, plain, _times(len(views), "passes forward"))
        if section.monte_carlo_dropout:
            lines, monte_carlo = _under_masks(bench, model, plain, section.monte_carlo_dropout)
            additions += lines
    return Added(tuple(additions), monte_carlo)


class _Bench:
    """Where models are compared: the same folds, the same test rows, the same metrics."""

    def __init__(self, dataset: Dataset, split: Split, section: Evaluate) -> None:
        task, classes = dataset.schema.task, dataset.schema.classes
        self.tags = Sequences(classes, dataset.groups)
        self.features, self.confidence = dataset.features, section.confidence
        self.scored = [split.rows(index, Role.SCORED) for index in range(len(split.members))]
        self.truths = [dataset.targets[rows] for rows in self.scored]
        self.test_rows = split.test_rows()
        self.test_targets = dataset.targets[self.test_rows]
        self.test_tags = self.tags.of(self.test_rows)
        self.ratio = test_to_training(split)
        names = dict.fromkeys((primary(task, section.primary_metric, classes), LOSSES[task]))
        self.metrics = [METRICS[name] for name in names]

    def predicted(self, model: ExportedModel, predict: Predict | None = None) -> Predicted:
        """All that is scored, predicted by each member in its way."""
        of_rows = predict or (lambda one, rows: one.predict_rows(self.features, rows))
        found = of_rows(model, padded(self.scored))
        everyone = np.broadcast_to(self.test_rows, (len(self.scored), len(self.test_rows)))
        own = [one[: len(rows)] for one, rows in zip(found, self.scored, strict=True)]
        return Predicted(own, ensemble(of_rows(model, everyone)[model.trained]))

    def compared(
        self, technique: str, against: str, with_it: Predicted, without_it: Predicted, cost: str, remark: str = ""
    ) -> list[Addition]:
        """A line a metric; where a `remark` says why the folds cannot tell, they are not compared."""
        lines: list[Addition] = []
        for metric in self.metrics:
            one, other = (self._scores(metric, each) for each in (with_it, without_it))
            tests = [self._on_test_set(metric, each) for each in (with_it, without_it)]
            lines.append(
                Addition(
                    technique=technique,
                    against=against,
                    metric=metric.name,
                    folds_with=float(np.mean(one)),
                    folds_without=float(np.mean(other)),
                    comparison=None if remark else self._comparison(metric, one, other),
                    test_with=tests[0],
                    test_without=tests[1],
                    cost=cost,
                    remark=remark,
                )
            )
        return lines

    def of_folds(self, test_members: Array) -> list[Addition]:
        """Members together on the test rows; out of fold each row is predicted by one member a repeat."""
        if not len(self.test_rows):
            return []
        together, members = ensemble(test_members), len(test_members)
        return [
            Addition(
                technique=f"ensemble of {counted(members, 'member')}",
                against=MEMBER,
                metric=metric.name,
                folds_with=None,
                folds_without=None,
                comparison=None,
                test_with=metric.function(self.test_targets, together),
                test_without=float(np.mean(member_scores(metric, self.test_targets, test_members))),
                cost=_times(members, "weights and passes forward"),
                remark="a row is out of fold for one member a repeat, so the test set alone can tell",
            )
            for metric in (one.on(self.test_tags) for one in self.metrics)
        ]

    def _comparison(self, metric: Metric, one: list[float], other: list[float]) -> Comparison:
        resolution = resolution_of(metric, min(map(len, self.scored)))
        better = metric.higher_is_better
        return compare(one, other, self.ratio, self.confidence, better, resolution=resolution)

    def _on_test_set(self, metric: Metric, predicted: Predicted) -> float | None:
        return metric.on(self.test_tags).function(self.test_targets, predicted.test) if len(self.test_rows) else None

    def _scores(self, metric: Metric, predicted: Predicted) -> list[float]:
        answers = zip(self.truths, predicted.out_of_fold, self.scored, strict=True)
        return [metric.on(self.tags.of(rows)).function(truth, own) for truth, own, rows in answers]


def _in_training(bench: _Bench, model: ExportedModel, without: Sequence[Without]) -> list[Addition]:
    """Each technique against the model without it: from one to the next, and from the last to the exported model."""
    lines: list[Addition] = []
    models = [one.model for one in without] + [model]
    found = [bench.predicted(one) for one in models] if without else []
    for step, one in enumerate(without):
        lines += bench.compared(one.label, "the same training without it", found[step + 1], found[step], one.cost)
    if model.snapshots > 1:
        lines += _greedy(bench, model, found[-1] if found else bench.predicted(model))
    return lines


def _greedy(bench: _Bench, model: ExportedModel, every: Predicted) -> list[Addition]:
    """The snapshots that do best together out of fold, the same of every member, against all of them."""
    table = model.predict_snapshots(bench.features, padded(bench.scored))
    own = [one[:, : len(rows)] for one, rows in zip(table, bench.scored, strict=True)]
    metric = bench.metrics[0].on(bench.tags.of(np.concatenate(bench.scored)))
    counts = greedy_selection(np.concatenate(own, axis=1), np.concatenate(bench.truths), metric)

    def chosen(one: ExportedModel, rows: Array) -> Array:
        return np.asarray(np.average(one.predict_snapshots(bench.features, rows), axis=1, weights=counts))

    told = f"greedy selection of snapshots, oldest first: {', '.join(map(str, counts))} times"
    used = int((counts > 0).sum())
    remark = f"chosen by {metric.label} on these out-of-fold predictions, so the test set alone can tell"
    return bench.compared(
        told, "all snapshots", bench.predicted(model, chosen), every, _times(used, "weights and passes forward"), remark
    )


def _under_masks(
    bench: _Bench, model: ExportedModel, plain: Predicted, masks: int
) -> tuple[list[Addition], MonteCarlo]:
    own, _ = over_masks(model, bench.features, padded(bench.scored), masks)
    everyone = np.broadcast_to(bench.test_rows, (len(bench.scored), len(bench.test_rows)))
    means, spreads = (one[model.trained] for one in over_masks(model, bench.features, everyone, masks))
    masked = Predicted([one[: len(rows)] for one, rows in zip(own, bench.scored, strict=True)], ensemble(means))
    cost = _times(masks, "passes forward")
    lines = bench.compared(f"Monte-Carlo dropout, {masks} masks", "dropout off", masked, plain, cost)
    return lines, MonteCarlo(ensemble(means), joined_spread(means, spreads))


def _named(section: Evaluate) -> str:
    flips = ["mirrored"] if section.test_time.flips else []
    shifts = [f"moved by {section.test_time.shifts}"] if section.test_time.shifts else []
    return ", ".join(flips + shifts)


def _times(number: int, what: str) -> str:
    return f"{number} times the {what} in predicting" if number > 1 else f"{what} of one network in predicting"
