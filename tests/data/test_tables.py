"""Tables in files: every column is typed by all of its cells, and all that is wrong is told at once, by line."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foldproof.data.dataset import collect
from foldproof.data.schema import Column
from foldproof.data.sources import delimited, load_source, open_source
from foldproof.data.sources.beside import ROLES
from foldproof.errors import DataError, FoldproofError
from tests.data.tables import parquet, section, table

MIXED = (
    "age,colour,paid,since,name,y\n"
    "31,red,yes,2020-01-02,ann,a\n"
    ",blue,no,1969-12-31,bob,b\n"
    "40.5,,YES,2020-01-02T12:00:00Z,cid,a\n"
    "NA,red,?,null,dan,b\n"
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(text: str, **keys: Any) -> str:
    with pytest.raises(FoldproofError) as caught:
        table(text, **keys)
    return str(caught.value)


def test_each_kind_of_column_is_found_and_coded() -> None:
    found = table(MIXED, drop=["name"])
    assert found.schema.columns == (
        Column("age", "number", (), missing=True),
        Column("colour", "category", ("blue", "red"), missing=True),
        Column("paid", "boolean", (), missing=True),
        Column("since", "date", (), missing=True),
    )
    nan = np.nan
    wanted = [[31, 1, 1, 18263], [nan, 0, 0, -1], [40.5, nan, 1, 18263.5], [nan, 1, nan, nan]]
    np.testing.assert_array_equal(found.features, np.array(wanted, dtype=np.float32))
    assert (datetime.date(2020, 1, 2) - datetime.date(1970, 1, 1)).days == 18263
    assert found.schema.classes == ("a", "b")


def test_a_type_that_is_given_is_not_inferred() -> None:
    found = table("zip,flag,y\n10,1,a\n9,0,b\n10,1,a\n", types={"zip": "category", "flag": "boolean"})
    assert found.schema.columns == (Column("zip", "category", ("10", "9")), Column("flag", "boolean"))
    assert found.features.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_zero_and_one_are_numbers_and_words_are_booleans() -> None:
    assert [one.kind for one in table("a,b,y\n0,no,p\n1,yes,q\n").schema.columns] == ["number", "boolean"]


def test_tabs_semicolons_and_decimal_commas() -> None:
    wanted = [[1.5, 0], [-2, 1]]
    assert table("a\tb\ty\n1.5\tu\tp\n-2\tv\tq\n", "tsv").features.tolist() == wanted
    assert table("a;b;y\n1,5;u;p\n-2;v;q\n", delimiter=";", decimal=",").features.tolist() == wanted


def test_quotes_line_breaks_a_mark_of_the_encoding_and_words_in_any_alphabet() -> None:
    found = table('\ufeffgröße,"a ""b"", c",y\r\n1,"x\ny",p\r\n2,ж,q\r\n')
    assert found.schema.features == ("größe", 'a "b", c')
    assert found.schema.columns[1].values == ("x\ny", "ж")


def test_what_stands_beside_the_features() -> None:
    text = "id,who,when,w,x,y\n007,ann,2020-01-02,1,1,0.5\n8,bob,2020-01-01,2.5,2,1.5\nlonger,ann,2019-12-31,1,3,2\n"
    found = table(text, id="id", group="who", time="when", weight="w")
    assert found.schema.features == ("x",)
    assert found.schema.id == "id"
    assert found.ids is not None
    assert found.ids.tolist() == ["007", "8", "longer"]
    assert found.times is not None
    assert found.times.tolist() == [18263, 18262, 18261]
    assert found.weights is not None
    assert found.weights.tolist() == [1, 2.5, 1]
    assert found.groups is not None
    assert found.groups[0] == found.groups[2] != found.groups[1]
    other = table("who,x,y\nzoe,1,1\nann,2,2\n", group="who")
    assert other.groups is not None
    assert other.groups[1] == found.groups[0], "other rows do not matter"
    assert {role.array for role in ROLES.values()} == {"groups", "times", "weights", "ids"}


@pytest.mark.parametrize(
    ("times", "told"),
    [
        (["2019", "20200601", "2021", "2020-06-01"], "1 line (5) such as '2020-06-01', legal: a number in every row"),
        (["2019", "2020-06-01", "", "2021-06-01"], "2 lines (2, 4) such as '2019', legal: an ISO date in every row"),
        (
            ["late", "june", "x", "y"],
            "4 lines (2, 3, 4, 5) such as 'late', legal: a number or an ISO date in every row",
        ),
    ],
)
def test_times_are_all_numbers_or_all_dates(times: list[str], told: str) -> None:
    """Else the year 2019 would be the day 2019 after 1970, and 20210101 one in the far future."""
    text = "when,x,y\n" + "".join(f"{time},{place},{place / 2}\n" for place, time in enumerate(times))
    assert f"column 'when': {told}" in refusal(text, time="when")


def test_several_targets_stand_side_by_side() -> None:
    found = table("x,y,z\n1,b,0.5\n2,a,1.5\n3,b,2\n", target=["y", "z"])
    assert [(one.name, one.task, one.classes) for one in found.schema.targets] == [
        ("y", "classification", ("a", "b")),
        ("z", "regression", ()),
    ]
    assert found.targets.dtype == np.float32
    assert found.targets.tolist() == [[1, 0.5], [0, 1.5], [1, 2]]


def test_labels_that_are_numbers_are_in_the_order_of_their_size() -> None:
    found = table("x,y\n1,10\n2,9\n3,10\n")
    assert found.schema.classes == ("9", "10")
    assert found.targets.tolist() == [1, 0, 1]


def test_everything_that_is_wrong_is_told_at_once_with_its_lines() -> None:
    text = (
        "n,d,e,i,g,w,y\n"
        '1,2020-01-01,,1,"a\n\n",1,1.5\n'  # takes three lines
        "2,2020-02-30,,inf,,0,2.5\n"
        "x,2020-01-03,,2,b,1,\n"
        "4,2020-01-04,,1e39,b,zero,oops\n"
    )
    told = refusal(text, group="g", weight="w")
    for expected in (
        "column 'n': not a number in 1 line (6), such as 'x'; mend them, or set data.types: {n: category}",
        "column 'd': not a date in 1 line (5), such as '2020-02-30'",
        "column 'e': holds no value at all; name it in data.drop",
        "column 'i': infinite, or too large for float32, in 2 lines (5, 7)",
        "column 'g': 1 line (5) legal: a value in every row",
        "column 'w': 2 lines (5, 7) such as '0', legal: a number > 0 in every row",
        "target 'y' is empty in 1 line (6)",
    ):
        assert expected in told
    assert len(told.splitlines()) == 7


@pytest.mark.parametrize(
    ("text", "keys", "told"),
    [
        ("x,y\n1,1\n2,NA\n3,\n", {}, "target 'y' is empty in 2 lines (3, 4)"),
        ("x,y\n1,1\n2,2\n3,oops\n", {}, "target 'y' is not numeric: not a number in 1 line (4), such as 'oops'"),
        ("x,y\n1,a\n2,b\n", {"task": "regression"}, "target 'y' is not numeric"),
        ("x,y\n1,1.5\n2,2\n", {"task": "classification"}, "have fractions"),
        ("x,y\n1,2\n2,2\n", {"task": "regression"}, "target 'y' is 2 in every row"),
        ("x,y\n1,a\n2,b\n", {"drop": ["z"]}, "data.drop: found 'z', legal: x, y"),
        ("x,y\n1,a\n2,b\n", {"group": "X"}, "data.group: found 'X', legal: x, y; did you mean 'x'?"),
        ("x,y\n1,a\n2,b\n", {"types": {"x": "date"}}, "column 'x': not a date in 2 lines (2, 3), such as '1'"),
        ("x,y\n1,a\n2,b\n", {"types": {"y": "number"}}, "data.types: found 'y', legal: features only"),
        ("x,,y\n1,2,a\n2,3,b\n", {}, "column 2 has no name in the header"),
        ("x,z,y\n1,2,a\n2,3\n4,5,6,7\n", {}, "(line 3 has 2, line 4 has 4)"),
        ("x,y\n1,a\n2,b\n", {"drop": ["x"]}, "no column beside the target 'y'"),
        ("x,y\n1000000000.25,a\n1000000000.5,b\n", {}, "which float32 cannot hold; subtract the offset"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, keys: dict[str, Any], told: str) -> None:
    assert told in refusal(text, **keys)


def test_a_column_that_names_the_rows_is_no_category() -> None:
    names = "".join(f"{row},name {row},{'ab'[row % 2]}\n" for row in range(150))
    told = refusal(f"x,who,y\n{names}")
    assert "column 'who': 150 different texts in 150 cells" in told
    assert "name it in data.drop, or, where it names the rows, set data.id: who" in told
    assert len(table(f"x,who,y\n{names}", id="who").schema.columns) == 1
    assert len(table(f"x,who,y\n{names}", types={"who": "category"}).schema.columns[1].values) == 150


def test_too_many_texts_are_no_category_even_if_asked_for() -> None:
    rows = "".join(f"name {row},{'ab'[row % 2]}\n" for row in range(10_001))
    assert "more than 10000 different texts" in refusal(f"x,y\n{rows}", types={"x": "category"})


def test_a_column_that_begins_with_numbers_and_goes_on_with_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 64)  # the first batch holds numbers alone
    rows = [*(f"{row}" for row in range(20)), *(f"text {row % 7}" for row in range(30))]
    found = table("x,y\n" + "".join(f"{cell},{'ab'[row % 2]}\n" for row, cell in enumerate(rows)))
    assert found.schema.columns[0].values == tuple(sorted(set(rows)))
    assert [found.schema.columns[0].values[int(code)] for code in found.features[:, 0]] == rows


def test_texts_that_are_not_utf8_are_named() -> None:
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/my.csv").write_bytes("x,y\nä,p\nö,q\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"my\.csv: not a readable CSV file: .*; save it as UTF-8"):
        load_source(section("csv"))


def test_the_checksum_is_compared_before_anything_is_read() -> None:
    from hashlib import sha256

    text = "x,y\n1,a\n2,b\n"
    assert table(text, sha256=sha256(text.encode()).hexdigest()).schema.rows == 2
    with pytest.raises(DataError, match=r"my\.csv: SHA-256 is [0-9a-f]{64}, data.sha256 says 0{64}"):
        table(text, sha256="0" * 64)


def test_typed_columns_of_parquet_are_what_they_are() -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "f": [0.5, None, 2.5],
            "t": ["r", "s", None],
            "b": [True, False, True],
            "d": [pd.Timestamp("2020-01-02"), pd.NaT, pd.Timestamp("2020-01-02 12:00")],
            "c": pd.Categorical(["u", "v", "u"], ["v", "u", "w"]),
            "y": ["p", "q", "p"],
        }
    )
    found = parquet(frame)
    assert [one.kind for one in found.schema.columns] == ["number", "number", "category", "boolean", "date", "category"]
    assert found.schema.columns[5].values == ("u", "v")
    nan = np.nan
    wanted = [[1, 0.5, 0, 1, 18263, 0], [2, nan, 1, 0, nan, 1], [3, 2.5, nan, 1, 18263.5, 0]]
    np.testing.assert_array_equal(found.features, np.array(wanted, dtype=np.float32))


def test_true_and_false_are_classes_by_their_names() -> None:
    found = parquet(pd.DataFrame({"x": [30, 4, 30], "y": [True, False, True]}))
    assert found.schema.classes == ("false", "true")
    assert found.targets.tolist() == [1, 0, 1]


def test_lines_of_another_length_are_found_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 64)
    rows = [f"{row},1,{'ab'[row % 2]}" for row in range(100)]
    rows[40], rows[80] = "1,2", '"1\n2",2,3,4'
    told = refusal("\n".join(["x,z,y", *rows, ""]))
    assert "some lines have 4 cells, the header has 3 (line 42 has 2, line 82 has 4)" in told


def test_parquet_refuses_what_is_no_plain_value_and_what_is_no_file() -> None:
    with pytest.raises(DataError, match=r"columns n \(list<.*\) hold no plain values; name them in data\.drop"):
        parquet(pd.DataFrame({"n": [[1], [2]], "y": ["a", "b"]}))
    Path("data/raw/my.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        load_source(section("parquet"))


def test_chunks_are_the_same_each_time() -> None:
    from tests.data.tables import section

    table(MIXED, drop=["name"])
    reading = open_source(section("csv", drop=["name"]))
    assert reading.rows == 4
    assert collect(reading).schema.fingerprint == collect(reading).schema.fingerprint


def test_labels_that_numbers_cannot_name_stay_texts() -> None:
    found = table("x,y\n1,1\n2,01\n3,001\n4,2\n5,01\n")
    assert found.schema.classes == ("001", "01", "1", "2")
    assert found.targets.tolist() == [2, 1, 0, 3, 1]
    assert table("x,y\n1,01067\n2,10115\n3,80331\n", task="classification").schema.classes[0] == "01067"
    large = [str(2**53), str(2**53 + 1)]
    assert table(f"x,y\n1,{large[1]}\n2,{large[0]}\n", task="classification").schema.classes == tuple(large)
    assert table("x,y\n1,1.0\n2,0.0\n3,1\n", task="classification").schema.classes == ("0", "1")
    assert table("x,y\n1,01.5\n2,02.5\n3,7\n").schema.task == "regression"
