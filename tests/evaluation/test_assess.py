"""The whole assessment, recomputed by hand with pandas and scikit-learn, and what it refuses."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, r2_score, root_mean_squared_error
from tests.evaluation.stand_in import (
    Run,
    diabetes_assessment,
    diabetes_run,
    digits_assessment,
    digits_run,
)

from foldproof.config.evaluate import Evaluate
from foldproof.data.splits import Role
from foldproof.errors import DataError, FoldproofError
from foldproof.evaluation import Assessment
from foldproof.evaluation.comparison import compare
from foldproof.reproducibility import canonical_json

PROBABILITIES = [f"p{index}" for index in range(10)]


def test_folds_are_scored_one_by_one() -> None:
    frame, assessed = digits_run().out_of_fold, digits_assessment()
    for member, (_, mine) in zip(assessed.members, frame.groupby(["repeat", "fold"]), strict=True):
        predicted = mine[PROBABILITIES].to_numpy()
        assert member.scores["accuracy"] == accuracy_score(mine["target"], predicted.argmax(axis=1))
        exact = predicted.astype(np.float64)
        expected = log_loss(mine["target"], exact / exact.sum(axis=1, keepdims=True))
        assert member.scores["log_loss"] == pytest.approx(expected, rel=1e-6)
        assert member.scored_rows == len(mine)


def test_the_headline_is_the_unweighted_mean_over_folds() -> None:
    assessed = digits_assessment()
    values = [member.scores["accuracy"] for member in assessed.members]
    main = assessed.headline
    assert main.values == tuple(values)
    assert main.mean == pytest.approx(np.mean(values))
    assert main.spread == pytest.approx(np.std(values, ddof=1))
    half = 2.776445 * np.sqrt((1 / 5 + 1 / 4) * np.var(values, ddof=1))
    assert main.low is not None
    assert main.high is not None
    assert (main.high - main.low) / 2 == pytest.approx(half, rel=1e-3)  # folds of 289 and 290 rows


def test_the_test_set_is_scored_by_the_ensemble() -> None:
    run, assessed = digits_run(), digits_assessment()
    targets = run.dataset.targets[run.split.test_rows()]
    assert assessed.test is not None
    found = assessed.test.scores["accuracy"]
    assert found.ensemble == accuracy_score(targets, run.test_members.mean(axis=0).argmax(axis=1))
    alone = [accuracy_score(targets, member.argmax(axis=1)) for member in run.test_members]
    assert found.members_mean == pytest.approx(np.mean(alone))
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.ensemble <= found.high
    assert assessed.test.scores["log_loss"].ensemble <= assessed.test.scores["log_loss"].members_mean


def test_confusion_and_calibration_are_of_the_out_of_fold_predictions() -> None:
    frame, assessed = digits_run().out_of_fold, digits_assessment()
    predicted = frame[PROBABILITIES].to_numpy().argmax(axis=1)
    np.testing.assert_array_equal(assessed.confusion, confusion_matrix(frame["target"], predicted))
    assert assessed.calibration is not None
    assert sum(one.rows for one in assessed.calibration.bins) == len(frame)


def test_regression() -> None:
    run, assessed = diabetes_run(), diabetes_assessment()
    mine = run.out_of_fold[run.out_of_fold["fold"] == 3]
    scores = assessed.members[3].scores
    assert scores["r2"] == pytest.approx(r2_score(mine["target"], mine["prediction"]))
    assert scores["rmse"] == pytest.approx(root_mean_squared_error(mine["target"], mine["prediction"]))
    assert assessed.primary == "r2"
    assert assessed.confusion is None
    assert assessed.calibration is None
    assert 0.3 < assessed.headline.mean < 0.6


def test_the_order_of_lines_does_not_matter() -> None:
    run = digits_run()
    turned = run.out_of_fold.iloc[::-1].reset_index(drop=True)
    assert run.assess(out_of_fold=turned) == digits_assessment()


@pytest.mark.parametrize("assessed", [digits_assessment, diabetes_assessment])
def test_it_survives_json(assessed: Any) -> None:
    before = assessed()
    again = Assessment.from_dict(json.loads(canonical_json(before.to_dict())))
    assert again == before
    assert canonical_json(again.to_dict()) == canonical_json(before.to_dict())
    with pytest.raises(FoldproofError, match="schema"):
        Assessment.from_dict({**before.to_dict(), "schema": 2})


def test_compact_figures() -> None:
    figures, assessed = digits_assessment().compact(), digits_assessment()
    assert figures["accuracy"] == pytest.approx(assessed.headline.mean, rel=1e-5)
    assert figures["accuracy_low"] < figures["accuracy"] < figures["accuracy_high"]
    assert figures["gain_over_logistic_regression"] == pytest.approx(
        figures["accuracy"] - figures["logistic_regression_accuracy"], abs=1e-6
    )
    expected = {"log_loss", "macro_f1", "test_accuracy", "test_accuracy_low", "test_accuracy_members_mean"}
    assert expected <= figures.keys()
    assert len(figures) <= 20
    assert all(type(value) is float for value in figures.values())


def test_another_primary_metric_where_lower_is_better() -> None:
    assessed = digits_run().assess(Evaluate(primary_metric="log_loss", bootstrap=100))
    figures = assessed.compact()
    assert assessed.metrics[0].name == "log_loss"
    gain = figures["majority_class_log_loss"] - figures["log_loss"]
    assert gain > 0
    assert figures["gain_over_majority_class"] == pytest.approx(gain, abs=1e-4)
    with pytest.raises(FoldproofError, match="primary_metric"):
        digits_run().assess(Evaluate(primary_metric="rmse"))


def perfect(run: Run) -> Run:
    """The same run, had every member been certain and right."""
    frame = run.out_of_fold.copy()
    frame[PROBABILITIES] = np.eye(10, dtype=np.float32)[frame["target"]]
    targets = run.dataset.targets[run.split.test_rows()]
    members = np.stack([np.eye(10, dtype=np.float32)[targets]] * len(run.test_members))
    return replace(run, out_of_fold=frame, test_members=members)


def test_a_perfect_score_gets_no_interval_that_is_a_point() -> None:
    assessed = perfect(digits_run()).assess()
    assert (assessed.headline.mean, assessed.headline.spread) == (1.0, 0.0)
    assert assessed.headline.low is None
    assert assessed.test is not None
    found = assessed.test.scores["accuracy"]
    assert (found.method, found.high) == ("Wilson", 1.0)
    assert found.low == pytest.approx(0.989, abs=1e-3)  # 348 of 348
    assert assessed.test.scores["log_loss"].low is None
    assert "accuracy_low" not in assessed.compact()
    canonical_json(assessed.to_dict())


def test_an_interval_is_cut_at_the_range_of_the_metric() -> None:
    run = perfect(digits_run())
    frame = run.out_of_fold.copy()
    first = frame.index[frame["fold"] == 0][:4]
    frame.loc[first, PROBABILITIES] = np.roll(frame.loc[first, PROBABILITIES].to_numpy(), 1, axis=1)
    assert run.assess(out_of_fold=frame).headline.high == 1.0


def test_predictions_of_another_split_are_refused() -> None:
    run = digits_run()
    frame = run.out_of_fold
    with pytest.raises(DataError, match=r"fold 4 are not of the rows.*dvc repro train"):
        run.assess(out_of_fold=frame[frame["fold"] < 4])
    old = pd.concat([frame, frame[frame["fold"] == 0].assign(fold=5)])
    with pytest.raises(DataError, match="members that the split does not have"):
        run.assess(out_of_fold=old)
    with pytest.raises(DataError, match="other targets"):
        run.assess(out_of_fold=frame.assign(target=(frame["target"] + 1) % 10))
    with pytest.raises(DataError, match="lack the columns p7"):
        run.assess(out_of_fold=frame.drop(columns="p7"))
    with pytest.raises(DataError, match="348 test rows"):
        run.assess(test_members=run.test_members[:, :7])
    with pytest.raises(DataError, match="other members"):
        run.assess(model_record={**run.model_record, "members": run.model_record["members"][:3]})
    with pytest.raises(DataError, match="curves hold 0 lines"):
        run.assess(curves=run.curves[run.curves["fold"] != 2])


def test_members_tell_how_their_training_ended() -> None:
    run, assessed = digits_run(), digits_assessment()
    best = assessed.members[1].best_epoch
    line = run.curves[(run.curves["fold"] == 1) & (run.curves["epoch"] == best)].iloc[0]
    assert assessed.members[1].training_loss == line["training_loss"]
    assert assessed.members[1].inner_validation_loss == line["inner_validation_loss"]
    assert run.assess(curves=None).members[1].training_loss is None


def test_repeats_count_as_scores() -> None:
    assessed = digits_run(3, 2).assess()
    assert (assessed.folds, assessed.repeats, len(assessed.headline.values)) == (3, 2, 6)
    assert [member.name for member in assessed.members][-1] == "repeat 1 fold 2"
    assert assessed.confusion is not None
    assert np.sum(assessed.confusion) == 2 * 1449


def scored_to_training(run: Run) -> float:
    """Scored rows over training and inner-validation rows, mean over members, from the roles alone."""
    roles = run.split.roles
    learnt = np.isin(roles, (Role.TRAINING, Role.INNER_VALIDATION)).sum(axis=1)
    return float(np.mean((roles == Role.SCORED).sum(axis=1) / learnt))


def test_the_interval_of_three_folds_dealt_twice() -> None:
    run = diabetes_run(3, 2)
    assessed = run.assess()
    ratio = scored_to_training(run)
    assert ratio == pytest.approx(1 / 2, rel=0.02)  # 1/(k-1), whatever the repeats
    for name in ("r2", "rmse"):
        score = assessed.scores[name]
        half = stats.t.ppf(0.975, 5) * np.sqrt((1 / 6 + ratio) * np.var(score.values, ddof=1))
        assert (score.low, score.high) == pytest.approx((score.mean - half, score.mean + half))
    compared = assessed.baselines[1].comparison
    differences = np.subtract(assessed.headline.values, assessed.baselines[1].scores["r2"].values)
    half = stats.t.ppf(0.975, 5) * np.sqrt((1 / 6 + ratio) * np.var(differences, ddof=1))
    assert compared.smallest_detectable == pytest.approx(half)
    assert (compared.low, compared.high) == pytest.approx((differences.mean() - half, differences.mean() + half))


@pytest.mark.parametrize(
    ("metric", "is_share"),
    [("accuracy", True), ("balanced_accuracy", True), ("macro_f1", True), ("log_loss", False), ("brier", False)],
)
def test_shares_of_rows_are_compared_to_a_row_of_the_smallest_fold(metric: str, is_share: bool) -> None:
    """Against the majority class a perfect network gains the same on every fold, to a fraction of a row."""
    run = perfect(digits_run())
    assessed = run.assess(Evaluate(primary_metric=metric, bootstrap=100))  # type: ignore[arg-type]
    majority = assessed.baselines[0]
    smallest = min(member.scored_rows for member in assessed.members)
    values, rival = assessed.headline.values, majority.scores[metric].values
    arguments = (values, rival, scored_to_training(run), 0.95, not metric.startswith(("log", "brier")))
    assert majority.comparison == compare(*arguments, resolution=1 / smallest if is_share else 0.0)
    assert np.std(np.subtract(values, rival), ddof=1) < 1 / smallest
    assert (majority.comparison == compare(*arguments)) != is_share
    assert len({member.scored_rows for member in assessed.members}) > 1  # so that the smallest fold matters


def test_values_are_compared_as_they_are() -> None:
    run, assessed = diabetes_run(), diabetes_assessment()
    for baseline in assessed.baselines:
        scores = (assessed.headline.values, baseline.scores["r2"].values)
        assert baseline.comparison == compare(*scores, scored_to_training(run), 0.95, higher_is_better=True)
