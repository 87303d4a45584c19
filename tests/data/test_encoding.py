"""Cells become raw rows by the rules that training's columns say, from text, typed arrays and data frames alike."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from foldproof.data.encoding import encode, encode_frame, texts_of
from foldproof.data.schema import Column
from foldproof.errors import DataError

COLUMNS = (
    Column("n"),
    Column("b", "boolean"),
    Column("d", "date", missing=True),
    Column("c", "category", ("7", "red")),
)


def test_a_category_that_training_did_not_have_is_counted() -> None:
    frame = pd.DataFrame({"c": ["blue", "red", "blue"], "n": [1, 2, 3], "b": ["no", "Yes", "1"], "d": [None] * 3})
    found = encode_frame(frame, COLUMNS)
    np.testing.assert_array_equal(found.rows, [[1, 0, np.nan, -1], [2, 1, np.nan, 1], [3, 1, np.nan, -1]])
    assert found.unseen == {"c": 2}
    assert found.told() == "categories that training did not have: 2 in 'c'; they count as unknown"


def test_types_do_not_matter_where_the_meaning_is_the_same() -> None:
    moment = pd.Timestamp("1970-01-03 06:00")
    typed = {"n": [1.5], "b": [1.0], "d": [moment], "c": [7.0]}
    texts = {"n": [" 1.5"], "b": ["TRUE"], "d": ["1970-01-03 06:00"], "c": [" 7 "]}
    wanted = [[1.5, 1, 2.25, 0]]
    for cells in (typed, texts, {**texts, "d": ["1970-01-03T08:00:00+02:00"], "c": pd.Categorical([7])}):
        np.testing.assert_array_equal(encode_frame(pd.DataFrame(cells), COLUMNS).rows, wanted)


def test_every_bad_column_is_named_with_its_rows() -> None:
    with pytest.raises(DataError) as caught:
        encode({"n": pa.array(["1", "one"]), "b": pa.array(["maybe", "no"]), "d": pa.array(["1", "?"])}, COLUMNS, "new")
    assert caught.value.problems == (
        "new: columns missing: c; cells may be empty, but columns must be there",
        "new: column 'n': not a usable number in rows 1, counted from 0, such as 'one'",
        "new: column 'b': not a usable boolean in rows 0, counted from 0, such as 'maybe'",
        "new: column 'd': not a usable date in rows 0, counted from 0, such as '1'",
    )


def test_infinity_and_what_float32_cannot_hold_are_no_numbers() -> None:
    with pytest.raises(DataError, match=r"rows 1, 2, counted from 0, such as inf"):
        encode_frame(pd.DataFrame({"n": [1, np.inf, 1e39]}), (Column("n"),))


def test_a_column_of_several_types_is_refused_in_words() -> None:
    with pytest.raises(DataError, match="rows to predict: "):
        encode_frame(pd.DataFrame({"n": pd.Series([1, "a"], dtype=object)}), (Column("n"),))


def test_a_column_whose_cells_may_be_empty_may_not_be_absent() -> None:
    frame = pd.DataFrame({"n": [1.0, 2.0], "b": ["no", "no"], "D_": ["2026-01-31"] * 2, "c": ["red", "7"]})
    with pytest.raises(DataError, match=r"columns missing: d \(found 'D_'\); cells may be empty"):
        encode_frame(frame, COLUMNS)
    with pytest.raises(DataError, match="columns missing: a, c;"):
        encode_frame(
            pd.DataFrame({"foo": [1, 2, 3]}), (Column("a", missing=True), Column("c", "category", ("x",), True))
        )


def test_categories_that_a_reader_made_numbers_of_are_refused() -> None:
    columns = (Column("zip", "category", ("01067", "10115")), Column("grade", "category", ("1.0", "2.5", "low")))
    frame = pd.DataFrame({"zip": [10115, 1067], "grade": ["1.0", "2.5"]})
    with pytest.raises(
        DataError, match="column 'zip': found '1067', which training knows as '01067'; read the column as"
    ):
        encode_frame(frame, columns)
    with pytest.raises(DataError, match=r"column 'grade': found '1', which training knows as '1\.0'"):
        encode_frame(pd.DataFrame({"zip": ["01067"], "grade": [1.0]}), columns)
    new = encode_frame(pd.DataFrame({"zip": ["99999", "x1"], "grade": ["inf", "low"]}), columns)
    assert new.unseen == {"zip": 2, "grade": 1}


def test_large_numbers_are_written_without_overflow() -> None:
    assert texts_of(pa.array([1e20, 2.0**63, -3.0, 2.5, None])).to_pylist() == [
        "1e+20",
        "9.223372036854776e+18",
        "-3",
        "2.5",
        None,
    ]


def test_rows_of_which_no_category_is_known_are_refused() -> None:
    columns = (Column("site", "category", ("north", "south")),)
    given = pd.DataFrame({"site": ["North", "SOUTH"] * 10})
    with pytest.raises(
        DataError, match="none of its categories: found 'North', 'SOUTH', legal: 'north', 'south'; write"
    ):
        encode_frame(given, columns)
    for accepted in (
        given[:19],
        pd.DataFrame({"site": ["new"] * 20}),
        pd.DataFrame({"site": [*given["site"], "north"]}),
    ):
        assert encode_frame(accepted, columns).unseen
