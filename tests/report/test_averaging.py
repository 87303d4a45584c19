"""The page says what averaging added: with and without, interval and verdict, the cost, and why there is none."""

from dataclasses import replace
from pathlib import Path

from tests.evaluation.stand_in import digits_assessment, digits_run

from foldproof.config import params_from
from foldproof.evaluation import Assessment
from foldproof.evaluation.assessment import Addition
from foldproof.evaluation.comparison import compare
from foldproof.report import rows
from foldproof.report.page import render
from foldproof.reproducibility import canonical_json, read_json, write_json

COMPARED = Addition(
    "moving average",
    "the same <training>",
    "log_loss",
    0.25,
    0.5,
    compare([0.2, 0.3, 0.25], [0.5, 0.52, 0.48], 0.5, 0.95, higher_is_better=False),
    0.2,
    None,
    "little",
)
TOLD = Addition("greedy", "all", "accuracy", 0.9, 0.875, None, 0.95, 0.925, "dear", "chosen on these folds")
ASSESSED = replace(digits_assessment(), averaging=(COMPARED, TOLD))


def test_a_line_has_both_sides_and_the_difference_and_the_cost_is_told_once() -> None:
    first, second = rows.averaging(ASSESSED).lines
    assert first[:5] == ("moving average", "the same <training>", "log loss (nats)", "0.2500", "0.5000")
    assert first[5] == "-0.2500 (-0.4212 to -0.0788)"  # 4.3027 sqrt((1/3 + 1/2) 0.0019)
    assert first[6:] == ("better", "0.2000", "")
    assert second == ("greedy", "all", "accuracy", "0.9000", "0.8750", "", "", "0.9500", "0.9250")
    twice = replace(ASSESSED, averaging=(COMPARED, replace(COMPARED, metric="accuracy"), TOLD))
    assert rows.remarks_on_averaging(twice) == (
        "Cost of moving average: little.",
        "Cost of greedy: dear.",
        "No verdict: chosen on these folds.",
    )


def test_the_page_shows_it_escaped_with_the_remarks_and_nothing_where_there_is_nothing() -> None:
    schema, audit = digits_run().dataset.schema, digits_run().split.audit
    flat = params_from({"schema": 1}).flat()
    page = render(ASSESSED, schema, audit, flat, {})
    assert "What averaging added" in page
    assert "the same &lt;training&gt;" in page
    assert "No verdict: chosen on these folds." in page
    assert "What averaging added" not in render(digits_assessment(), schema, audit, flat, {})


def test_it_survives_a_round_through_json_and_may_be_absent_there(tmp_path: Path) -> None:
    write_json(tmp_path / "evaluation.json", ASSESSED.to_dict())
    values = read_json(tmp_path / "evaluation.json")
    assert canonical_json(Assessment.from_dict(values).to_dict()) == canonical_json(ASSESSED.to_dict())
    del values["averaging"]
    assert Assessment.from_dict(values).averaging == ()
