"""The one call of stage evaluate: from predictions to an `Assessment`."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foldproof.config.evaluate import Evaluate
from foldproof.data.dataset import Dataset
from foldproof.data.schema import Schema
from foldproof.data.splits import Member, Role, Split
from foldproof.errors import DataError
from foldproof.evaluation.advice import what_next
from foldproof.evaluation.assessment import (
    Assessment,
    BaselineResult,
    FoldResult,
    Score,
    StartedFrom,
)
from foldproof.evaluation.baselines import Baseline, baselines_for, predict
from foldproof.evaluation.calibration import calibrate
from foldproof.evaluation.comparison import compare
from foldproof.evaluation.diagnosis import diagnosed
from foldproof.evaluation.held_out import score_test_set
from foldproof.evaluation.intervals import corrected_interval, spread
from foldproof.evaluation.trust import checks_of_figures
from foldproof.evaluation.who_saw_what import checks_of_rows
from foldproof.metrics import METRICS, Metric, Sequences, names_for, primary
from foldproof.metrics.classification import confusion_counts

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]


def assess(
    schema: Schema,
    split: Split,
    dataset: Dataset,
    out_of_fold: "pd.DataFrame",
    test_members: Array | None,
    params_evaluate: Evaluate,
    model_record: dict[str, Any],
    *,
    curves: "pd.DataFrame | None" = None,
    statistics_manifest: dict[str, Any] | None = None,
) -> Assessment:
    """Score folds, baselines on the same folds and the ensemble on the test set, and say what it means.

    Args:
        schema: what the data is.
        split: who saw which row.
        dataset: the rows.
        out_of_fold: columns row, repeat, fold, target and p0, p1, ... or prediction; all scored rows.
        test_members: `[M, n, C]` probabilities or `[M, n]` values for `split.test_rows()`, or None.
        params_evaluate: primary metric, confidence, draws of the bootstrap.
        model_record: `models/model.json`, its members with repeat, fold, best_epoch, epochs, stopped.
        curves: `reports/curves.csv`, for the losses at the best epoch and the diagnosis.
        statistics_manifest: `data/statistics/manifest.json`: which rows preprocessing was fitted on.

    Raises DataError where the predictions are not exactly those of the split's members.
    """
    names = names_for(schema.task, schema.classes)
    tags = Sequences(schema.classes, dataset.groups)
    predicted = _by_member(out_of_fold, split, dataset, schema)
    truths = [dataset.targets[split.rows(index, Role.SCORED)] for index in range(len(split.members))]
    members = _members(split, model_record, curves, truths, predicted, names, tags)
    ratio = test_to_training(split)
    confidence = params_evaluate.confidence
    chosen = primary(schema.task, params_evaluate.primary_metric, schema.classes)
    scores = {name: _score([one.scores[name] for one in members], ratio, confidence, METRICS[name]) for name in names}
    held_out = split.test_rows()
    baselines = tuple(
        _baseline(one, dataset, split, held_out, scores[chosen], chosen, ratio, confidence)
        for one in baselines_for(schema)
    )
    seed = int(split.audit["seed"])
    classified = schema.task == "classification"
    pooled, answers = np.concatenate(predicted), np.concatenate(truths)
    assessment = Assessment(
        data=schema.name,
        kind=schema.kind,
        task=schema.task,
        target=schema.target,
        classes=schema.classes,
        shape=schema.shape,
        rows=schema.rows,
        fingerprint=schema.fingerprint,
        seed=seed,
        folds=len({member.fold for member in split.members}),
        repeats=len({member.repeat for member in split.members}),
        primary=chosen,
        confidence=confidence,
        members=members,
        scores=scores,
        baselines=baselines,
        test=score_test_set(split, dataset, test_members, params_evaluate, names, tags),
        confusion=_confusion(answers, pooled, len(schema.classes)) if classified else None,
        calibration=calibrate(answers, pooled) if classified else None,
        weighted=dataset.weights is not None,
        started_from=_started_from(model_record),
    )
    if curves is not None:
        assessment = diagnosed(assessment, curves, model_record)
    rows = checks_of_rows(split, dataset, statistics_manifest)
    return assessment.concluded((*rows, *checks_of_figures(assessment)), what_next(assessment, split.audit))


def _started_from(model_record: dict[str, Any]) -> StartedFrom | None:
    told: dict[str, Any] | None = model_record.get("started_from")
    if told is None:
        return None
    listed: dict[str, Any] = {name: tuple(told[name]) for name in ("loaded", "new", "frozen")}
    return StartedFrom(**told | listed)


def _by_member(frame: "pd.DataFrame", split: Split, dataset: Dataset, schema: Schema) -> list[Array]:
    """The out-of-fold predictions of each member, in the order of its scored rows."""
    columns = list(schema.targets[0].columns)
    missing = [name for name in ("row", "repeat", "fold", "target", *columns) if name not in frame.columns]
    if missing:
        raise DataError(f"out-of-fold predictions lack the columns {', '.join(missing)}")
    found: list[Array] = []
    for index, member in enumerate(split.members):
        mine = frame[(frame["repeat"] == member.repeat) & (frame["fold"] == member.fold)].sort_values("row")
        if not np.array_equal(mine["row"].to_numpy(), split.rows(index, Role.SCORED)):
            raise DataError(
                f"out-of-fold predictions of {member.name} are not of the rows that it is scored on; "
                "they belong to another split: run `dvc repro train`"
            )
        if not np.array_equal(mine["target"].to_numpy(), dataset.targets[mine["row"].to_numpy()]):
            raise DataError(f"out-of-fold predictions of {member.name} carry other targets than the data has")
        values = mine[columns].to_numpy()
        found.append(values if schema.classes else values[:, 0])
    if sum(len(values) for values in found) != len(frame):
        raise DataError("out-of-fold predictions hold rows of members that the split does not have")
    return found


def _members(
    split: Split,
    model_record: dict[str, Any],
    curves: "pd.DataFrame | None",
    truths: list[Array],
    predicted: list[Array],
    names: tuple[str, ...],
    tags: Sequences,
) -> tuple[FoldResult, ...]:
    records = {(entry["repeat"], entry["fold"]): entry for entry in model_record["members"]}
    if set(records) != {(member.repeat, member.fold) for member in split.members}:
        raise DataError("models/model.json holds other members than the split; run `dvc repro train`")
    results: list[FoldResult] = []
    for index, member in enumerate(split.members):
        record = records[member.repeat, member.fold]
        best = int(record["best_epoch"])
        own = tags.of(split.rows(index, Role.SCORED))
        training_loss, inner_loss = _losses(curves, member, best)
        results.append(
            FoldResult(
                name=member.name,
                seed=member.seed,
                repeat=member.repeat,
                fold=member.fold,
                training_rows=len(split.rows(index, Role.TRAINING)),
                inner_validation_rows=len(split.rows(index, Role.INNER_VALIDATION)),
                scored_rows=len(truths[index]),
                best_epoch=best,
                epochs=int(record["epochs"]),
                stopped=str(record["stopped"]),
                training_loss=training_loss,
                inner_validation_loss=inner_loss,
                told=str(record.get("told", "")),
                cause=record.get("cause"),
                scores={name: METRICS[name].on(own).function(truths[index], predicted[index]) for name in names},
            )
        )
    return tuple(results)


def _losses(curves: "pd.DataFrame | None", member: Member, epoch: int) -> tuple[float | None, float | None]:
    if curves is None or epoch < 0:
        return None, None
    mine = (curves["repeat"] == member.repeat) & (curves["fold"] == member.fold) & (curves["epoch"] == epoch)
    if int(mine.sum()) != 1:
        raise DataError(
            f"the curves hold {int(mine.sum())} lines for epoch {epoch} of {member.name}, not one",
        )
    line = curves[mine].iloc[0]
    return float(line["training_loss"]), float(line["inner_validation_loss"])


def test_to_training(split: Split) -> float:
    """Scored rows to rows of the training part, mean over members: 1/(k-1) for k equal folds.

    Over time training parts grow from 1 to k blocks, and the mean is `(1 + 1/2 + ... + 1/k) / k` without a gap. The
    correction is derived for training parts of one size; with growing ones it is an approximation.
    """
    ratios = [
        len(split.rows(index, Role.SCORED)) / len(split.training_part(index)) for index in range(len(split.members))
    ]
    return float(np.mean(ratios))


def _score(values: list[float], ratio: float, confidence: float, metric: Metric) -> Score:
    deviation = spread(values)
    middle = float(np.mean(values))
    if deviation == 0.0:
        return Score(tuple(values), middle, 0.0, None, None)
    found = corrected_interval(values, ratio, confidence)
    low, high = max(found.low, metric.lowest), min(found.high, metric.highest)
    return Score(tuple(values), middle, deviation, low, high)


def _baseline(
    baseline: Baseline,
    dataset: Dataset,
    split: Split,
    held_out: NDArray[np.int64],
    network: Score,
    chosen: str,
    ratio: float,
    confidence: float,
) -> BaselineResult:
    names = names_for(dataset.schema.task, dataset.schema.classes)
    tags = Sequences(dataset.schema.classes, dataset.groups)
    classes = len(dataset.schema.classes)
    plan = [(split.training_part(index), split.rows(index, Role.SCORED)) for index in range(len(split.members))]
    if len(held_out):
        plan.append((split.learnt_rows(), held_out))
    columns = dataset.schema.columns if dataset.schema.kind == "table" else ()
    fits = [predict(baseline, dataset.features, dataset.targets, classes, *rows, columns) for rows in plan]
    scored = [
        {name: METRICS[name].on(tags.of(rows)).function(dataset.targets[rows], fit.predictions) for name in names}
        for fit, (_, rows) in zip(fits, plan, strict=True)
    ]
    folds = scored[: len(split.members)]
    smallest = min(len(rows) for _, rows in plan[: len(split.members)])
    scores = {name: _score([one[name] for one in folds], ratio, confidence, METRICS[name]) for name in names}
    return BaselineResult(
        name=baseline.name,
        label=baseline.label,
        trivial=baseline.trivial,
        converged=all(fit.converged for fit in fits),
        scores=scores,
        comparison=compare(
            network.values,
            scores[chosen].values,
            ratio,
            confidence,
            METRICS[chosen].higher_is_better,
            resolution=resolution_of(METRICS[chosen], smallest),
        ),
        test=scored[-1] if len(held_out) else None,
    )


def resolution_of(metric: Metric, rows: int) -> float:
    """What one row of the smallest fold is worth, for metrics that are shares of rows; of others 0."""
    return 1 / rows if (metric.lowest, metric.highest) == (0.0, 1.0) else 0.0


def _confusion(targets: Array, probabilities: Array, classes: int) -> tuple[tuple[int, ...], ...]:
    counts = confusion_counts(targets, probabilities.argmax(axis=1), classes)
    return tuple(tuple(int(count) for count in line) for line in counts)
