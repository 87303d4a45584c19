"""The files of stage evaluate: whole, equal from run to run, and fit for a spreadsheet."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.evaluation.stand_in import Run, diabetes_assessment, diabetes_run, digits_assessment, digits_run

from foldproof.data.schema import Target
from foldproof.evaluation import Assessment
from foldproof.evaluation.outputs import save_assessment
from foldproof.evaluation.tables import fold_table, prediction_table


def save(run: Run, assessment: Assessment, folder: Path) -> None:
    test = folder / "data" / "test.parquet"
    arguments = (run.dataset, run.split, run.out_of_fold, run.test_members, run.curves)
    save_assessment(assessment, *arguments, folder / "reports", test)


def test_everything_is_written_and_twice_the_same(tmp_path: Path) -> None:
    for name in ("one", "ünd zwei"):
        save(digits_run(), digits_assessment(), tmp_path / name)
    written = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert [path.as_posix() for path in written] == [
        "data/test.parquet",
        "reports/evaluation.json",
        "reports/folds.csv",
        "reports/metrics.json",
        "reports/plots/confusion.png",
        "reports/plots/fold_scores.png",
        "reports/plots/learning_curves.png",
        "reports/plots/reliability.png",
        "reports/predictions.csv",
    ]
    for path in written:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "ünd zwei" / path).read_bytes(), path
    figures = json.loads((tmp_path / "one/reports/metrics.json").read_text())
    assert figures == digits_assessment().compact()
    again = json.loads((tmp_path / "one/reports/evaluation.json").read_text())
    assert Assessment.from_dict(again) == digits_assessment()


def test_the_ensemble_predicts_the_test_rows(tmp_path: Path) -> None:
    save(digits_run(), digits_assessment(), tmp_path)
    table = pd.read_parquet(tmp_path / "data/test.parquet")
    run = digits_run()
    assert list(table.columns) == ["row", "target", *(f"p{index}" for index in range(10))]
    np.testing.assert_array_equal(table["row"], run.split.test_rows())
    np.testing.assert_allclose(table[["p0", "p9"]], run.test_members.mean(axis=0)[:, [0, 9]], rtol=1e-5, atol=1e-7)

    save(diabetes_run(), diabetes_assessment(), tmp_path)
    values = pd.read_parquet(tmp_path / "data/test.parquet")
    assert list(values.columns) == ["row", "target", "prediction"]


def test_folds() -> None:
    table = fold_table(digits_assessment())
    assert list(table["fold"]) == [0, 1, 2, 3, 4]
    assert table["accuracy"].mean() == pytest.approx(digits_assessment().headline.mean)
    assert {"best_epoch", "epochs", "stopped", "log_loss", "scored_rows"} <= set(table.columns)


def test_predictions_carry_the_names_of_classes_and_no_formula() -> None:
    run = digits_run()
    names = ("=1+1", "@x", "-2", *"3456789")
    schema = replace(run.dataset.schema, targets=(Target("digit", "classification", names),))
    table = prediction_table(schema, run.out_of_fold)
    assert len(table) == len(run.out_of_fold)
    assert set(table["actual"]) == {"'=1+1", "'@x", "-2", *"3456789"}, "a number is no formula"
    assert (table["actual"] == table["predicted"]).mean() == pytest.approx(0.966, abs=0.01)
    ids = np.array([f"=row {row}" for row in range(len(run.dataset.features))])
    named = prediction_table(replace(schema, id="actual"), run.out_of_fold, ids)
    assert list(named.columns) == ["id actual", "actual", "predicted"]
    assert named["id actual"].tolist() == [f"'=row {row}" for row in run.out_of_fold["row"]]
    values = prediction_table(diabetes_run().dataset.schema, diabetes_run().out_of_fold)
    np.testing.assert_array_equal(values["predicted"], diabetes_run().out_of_fold["prediction"])
