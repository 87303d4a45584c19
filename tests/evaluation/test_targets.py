"""Several targets, assessed: each as if it were the only one, under its own name in every table, page and record."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, r2_score
from tests.training.setting import digits_twice, params

from foldproof import cross_validate
from foldproof.config.evaluate import Evaluate
from foldproof.cross_validation import CrossValidation
from foldproof.data.dataset import Dataset
from foldproof.data.schema import Schema
from foldproof.data.splits import Role, Split, make_split
from foldproof.evaluation.assessment import Assessment
from foldproof.evaluation.outputs import save_assessment, table_of_test_rows
from foldproof.evaluation.targets import assess_targets, view_of_table
from foldproof.model.served import predictions_table
from foldproof.prediction import predict_files
from foldproof.report.page import render
from foldproof.report.summary import markdown, show
from foldproof.reproducibility import read_json, write_json
from foldproof.retraining.mistakes import worst
from foldproof.tracking.results import record_outputs

TWO = digits_twice(200)
PARAMS: dict[str, Any] = {
    "split": {"folds": 2, "inner_share": 0.2},
    "model": {"name": "mlp", "dropout": 0.1, "mlp": {"hidden": [16]}},
    "train": {"epochs": 3, "accelerator": "cpu"},
    "evaluate": {"bootstrap": 100, "monte_carlo_dropout": 3, "primary_metric": "log_loss"},
}


@cache
def run() -> CrossValidation:
    digit, ink = TWO.view(0).targets, TWO.view(1).targets
    return cross_validate(TWO.features, {"digit": digit, "ink": ink}, PARAMS, progress=False)


def split() -> Split:
    chosen = params(**PARAMS)
    return make_split(TWO, chosen.split, chosen.seed)


def test_each_target_is_scored_on_its_own_columns() -> None:
    table, found = run().out_of_fold, run().assessment
    assert [one.target for one in found.every_target] == ["digit", "ink"]
    assert (found.primary, found.targets["ink"].primary) == ("log_loss", "r2")
    for member, fold in enumerate(table.groupby("fold")):
        _, rows = fold
        shares = rows[[f"p{label}_digit" for label in range(10)]].to_numpy()
        right = accuracy_score(rows["target_digit"], shares.argmax(1))
        assert found.members[member].scores["accuracy"] == pytest.approx(right)
        explained = r2_score(rows["target_ink"], rows["prediction_ink"])
        assert found.targets["ink"].members[member].scores["r2"] == pytest.approx(explained)
    np.testing.assert_array_equal(table["target_ink"], TWO.targets[table["row"], 1])
    test_rows = run().test_rows
    held_out = found.targets["ink"].test
    assert held_out is not None
    predicted = run().predict_targets(TWO.features[test_rows])["ink"]
    assert held_out.scores["r2"].ensemble == pytest.approx(r2_score(TWO.targets[test_rows, 1], predicted), rel=1e-4)


def test_a_second_target_takes_nothing_from_how_the_first_is_assessed() -> None:
    """What is said of the first is what is said where its columns are all that there is."""
    model, table = run().model, run().out_of_fold
    test = model.predict_members(TWO.features[run().test_rows])
    section = Evaluate(bootstrap=100, primary_metric="log_loss")
    own, _ = assess_targets(TWO, split(), table, model, (), test, section)
    of_digit, _ = TWO.schema.apart(test)
    first = TWO.view(0)
    alone, _ = assess_targets(
        first, split(), view_of_table(TWO.schema, table, 0), model.alone(0), (), of_digit, section
    )
    assert {**own.to_dict(), "targets": {}} == alone.to_dict()


def test_the_assessment_survives_json_and_the_page_tells_of_all() -> None:
    found = run().assessment
    again = Assessment.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    figures = found.compact()
    assert figures["targets"]["ink"] == found.targets["ink"].compact()
    assert "targets" not in figures["targets"]["ink"]
    page = render(found, TWO.schema, split().audit, {}, {})
    for told in ("The first, digit, decides", "Target ink: R²", "Baselines of digit", "learnt together by one trunk"):
        assert told in page
    assert "Row weights" not in page
    text = markdown(found)
    assert "The first, digit, decides" in text
    assert "| ink | R² |" in text


def test_the_terminal_lists_every_target(capsys: pytest.CaptureFixture[str]) -> None:
    show(run().assessment)
    told = capsys.readouterr().out
    assert " ink " in told
    assert "The first, digit, decides" in told


def test_weights_of_rows_change_no_score_and_are_told() -> None:
    model, table = run().model, run().out_of_fold
    test = model.predict_members(TWO.features[run().test_rows])
    found, _ = assess_targets(TWO, split(), table, model, (), test, Evaluate(bootstrap=100))
    assert found.weighted
    assert not run().assessment.weighted
    assert found.scores["log_loss"].values == run().assessment.scores["log_loss"].values
    assert "each row counts the same" in render(found, TWO.schema, split().audit, {}, {})


def saved(folder: Path, dataset: Dataset = TWO) -> Path:
    chosen, members = split(), run().model.predict_members(TWO.features[run().test_rows])
    place, test = folder / "reports", folder / "data/predictions/test.parquet"
    save_assessment(run().assessment, dataset, chosen, run().out_of_fold, members, run().curves, place, test)
    run().out_of_fold.to_parquet(folder / "data/predictions/out_of_fold.parquet")
    write_json(folder / "data/prepared/schema.json", dataset.schema.to_dict())
    return folder


def test_files_name_the_target(tmp_path: Path) -> None:
    reports = saved(tmp_path) / "reports"
    drawn = {path.stem for path in (reports / "plots").iterdir()}
    assert {"confusion", "fold_scores", "target_2_scatter", "target_2_fold_scores"} <= drawn
    predictions = pd.read_csv(reports / "predictions.csv")
    assert list(predictions.columns) == ["actual", "predicted", "actual_ink", "predicted_ink"]
    np.testing.assert_allclose(predictions["predicted_ink"], run().out_of_fold["prediction_ink"], rtol=1e-6)
    folds = pd.read_csv(reports / "folds.csv")
    wanted = [member.scores["mae"] for member in run().assessment.targets["ink"].members]
    np.testing.assert_allclose(folds["ink/mae"], wanted)
    test = pd.read_parquet(tmp_path / "data/predictions/test.parquet")
    assert list(test.columns) == [
        "row",
        "target_digit",
        *(f"p{label}_digit" for label in range(10)),
        "target_ink",
        "prediction_ink",
    ]


def test_masks_show_the_spread_of_every_target() -> None:
    model = run().model
    test = model.predict_members(TWO.features[run().test_rows])
    masks = Evaluate(bootstrap=100, monte_carlo_dropout=3)
    _, shown = assess_targets(TWO, split(), run().out_of_fold, model, (), test, masks)
    assert shown is not None
    table = table_of_test_rows(TWO, split(), test, shown)
    assert {"spread_p9_digit", "mean_prediction_ink", "spread_prediction_ink"} <= set(table.columns)
    near = np.abs(table["mean_prediction_ink"] - table["prediction_ink"])
    assert (near < 10 * table["spread_prediction_ink"] + 0.5).all()
    assert (table["spread_prediction_ink"] > 0).all()


def test_the_worst_rows_are_listed_target_by_target(tmp_path: Path) -> None:
    found = worst(saved(tmp_path), 2)
    assert found.columns == ("target", "row", "fold", "actual", "predicted", "probability or error")
    assert [line[0] for line in found.lines] == ["digit", "digit", "ink", "ink"]
    apart = (run().out_of_fold["prediction_ink"] - run().out_of_fold["target_ink"]).abs()
    assert found.lines[2][1] == str(run().out_of_fold["row"].iloc[int(apart.to_numpy().argmax())])
    assert found.lines[2][-1] == f"{apart.max():.3g}"


def test_the_record_has_figures_of_every_target(tmp_path: Path) -> None:
    told: dict[Any, dict[str, float]] = {}

    def metrics(values: dict[str, float], member: Any = None) -> None:
        told.setdefault(member, {}).update(values)

    scribe: Any = SimpleNamespace(metrics=metrics, artifact=lambda *_: None, tags=lambda *_: None)
    record_outputs(scribe, saved(tmp_path), "evaluate", 0)
    figures = read_json(tmp_path / "reports/metrics.json")
    assert told[None]["ink/r2"] == figures["targets"]["ink"]["r2"]
    assert told[None]["log_loss"] == figures["log_loss"]
    assert not any(name.startswith("targets") for name in told[None])
    each = [told[member]["ink/r2"] for member in told if member is not None]
    assert np.mean(each) == pytest.approx(told[None]["ink/r2"], rel=1e-5)


def test_predictions_that_users_get_name_the_target() -> None:
    rows = TWO.features[:7]
    table = predictions_table(run().model.schema, run().model.predict(rows))
    names = ["prediction_digit", *(f"p_digit_{label}" for label in range(10)), "prediction_ink"]
    assert list(table.columns) == names
    by_name = run().predict_targets(rows)
    np.testing.assert_allclose(table["prediction_ink"], by_name["ink"])
    assert list(table["prediction_digit"]) == [str(code) for code in by_name["digit"].argmax(1)]


def test_a_file_is_predicted_target_by_target(tmp_path: Path) -> None:
    run().model.save(tmp_path / "models")
    np.save(tmp_path / "rows.npy", TWO.features[:5])
    predict_files([tmp_path / "rows.npy"], tmp_path / "out.csv", tmp_path / "models")
    written = pd.read_csv(tmp_path / "out.csv", dtype={"prediction_digit": str})
    wanted = predictions_table(run().model.schema, run().model.predict(TWO.features[:5]))
    assert list(written.columns) == list(wanted.columns)
    assert list(written["prediction_digit"]) == list(wanted["prediction_digit"])


def test_names_of_one_target_stay_plain() -> None:
    schema: Schema = TWO.schema.view(0)
    assert schema.column(0, "target") == "target"
    assert schema.served(0)[:2] == ("prediction", "p_0")
    table = pd.DataFrame({"row": [1], "target": [0], "p0": [0.5]})
    assert list(view_of_table(schema, table, 0).columns) == ["row", "target", "p0"]


def test_classes_of_the_first_target_are_dealt_evenly() -> None:
    found = split()
    counts = [np.bincount(TWO.view(0).targets[found.rows(member, Role.SCORED)], minlength=10) for member in range(2)]
    assert np.abs(counts[0] - counts[1]).max() <= 1
