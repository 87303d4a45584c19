"""The summary: a table of facts, the result, and rows of data only for those who asked."""

from pathlib import Path

import pandas as pd
import pytest

from foldproof.data.schema import Column, Schema, Target, Task
from foldproof.reproducibility import write_json
from foldproof.retraining.account import PAGE, Account
from foldproof.retraining.mistakes import worst
from foldproof.retraining.staleness import Status

CELL = "rows.csv: column 'age': not a number in 1 line (3), such as 'Mr. <Smith>'"


def test_the_page_is_added_to_and_its_marks_are_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "summary.md"
    page.write_text("from a step before\n")
    monkeypatch.setenv(PAGE, str(page))
    account = Account(rows=0, title="Retrained")
    account.fact("stale", "prepare (data|raw <b>)")
    account.write()
    text = page.read_text()
    assert text.startswith("from a step before\n# Retrained\n")
    assert "| stale | prepare (data\\|raw &lt;b>) |" in text


def test_neither_a_picture_nor_a_link_comes_of_what_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(rows=0)
    account.fact("branch", "![x](https://example.org/p.png)")
    account.stopped("git push", ("[click](http://example.org) \\[again](http://example.org)",), may_quote_data=False)
    account.write()
    text = capsys.readouterr().out
    assert "!\\[x\\](https://example.org/p.png)" in text
    assert "\\[click\\](http://example.org) \\\\\\[again\\](http://example.org)" in text


@pytest.mark.parametrize(("rows", "shown"), [(0, False), (1, True)])
def test_what_may_quote_data_is_left_to_the_log(rows: int, shown: bool, capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(rows=rows)
    account.stopped("validate", (CELL, "another"), may_quote_data=True)
    account.write()
    text = capsys.readouterr().out
    assert "# Retraining stopped at: validate" in text
    assert ("Mr. &lt;Smith>" in text) == shown
    assert ("2 problems; the job's log" in text) != shown


def test_a_step_that_quotes_nothing_is_told_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(rows=0)
    account.stopped("git push", ("origin/main refuses",), may_quote_data=False)
    account.write()
    assert "- origin/main refuses" in capsys.readouterr().out


def schema(folder: Path, task: Task, classes: list[str]) -> None:
    told = Schema("d", "table", (1,), (Column("a"),), (Target("t", task, tuple(classes)),), 4, "f")
    write_json(folder / "data/prepared/schema.json", told.to_dict())


def predictions(folder: Path, **columns: list[float]) -> None:
    (folder / "data/predictions").mkdir(parents=True)
    table = pd.DataFrame({"row": [7, 3, 9, 4], "repeat": 0, "fold": [0, 1, 1, 0], **columns})
    table.to_parquet(folder / "data/predictions/out_of_fold.parquet")


def test_the_worst_rows_of_classes_are_those_most_surely_wrong(tmp_path: Path) -> None:
    schema(tmp_path, "classification", ["cat", "dog"])
    predictions(tmp_path, target=[0, 1, 1, 0], p0=[0.9, 0.6, 0.99, 0.2], p1=[0.1, 0.4, 0.01, 0.8])
    found = worst(tmp_path, 2)
    assert found.columns == ("row", "fold", "actual", "predicted", "probability")
    assert found.lines == (("9", "1", "dog", "cat", "0.99"), ("4", "0", "cat", "dog", "0.8"))
    assert len(worst(tmp_path, 10).lines) == 3, "the right one is no mistake"


def test_the_worst_rows_of_values_are_those_furthest_off(tmp_path: Path) -> None:
    schema(tmp_path, "regression", [])
    predictions(tmp_path, target=[1.0, 2.0, 3.0, 4.0], prediction=[1.5, 2.0, -1.0, 5.0])
    assert worst(tmp_path, 2).lines == (("9", "1", "3", "-1", "4"), ("4", "0", "4", "5", "1"))


def test_why_a_stage_is_stale_leaves_out_what_is_merely_not_there() -> None:
    status = Status(
        {
            "prepare": [{"changed deps": {"data/raw": "modified", "params.yaml": {"data": "modified"}}}],
            "split": [{"changed deps": {"data/prepared": "deleted"}}, {"changed outs": {"data/splits": "deleted"}}],
            "train": ["changed command", {"changed deps": {"models": "new"}}],
            "data/raw/rows.csv.dvc": [{"changed outs": {"data/raw/rows.csv": "modified"}}],
        }
    )
    assert status.stages == {
        "prepare": "data/raw, params data",
        "split": "its outputs are not there",
        "train": "changed command, models",
    }
    assert status.outs("deleted") == ["data/splits"]
    assert status.data == {"data/raw/rows.csv": "modified"}
