"""Values that float32 would make equal are refused, or, as dates, counted from another day."""

import numpy as np
import pandas as pd
import pytest

from foldproof.data.describing import describe
from foldproof.data.encoding import decode, encode_frame
from foldproof.data.precision import lost_in_float32
from foldproof.data.schema import Schema
from foldproof.errors import DataError
from tests.data.tables import table

CLASSES = np.arange(100) % 2


@pytest.mark.parametrize(
    ("values", "lost"),
    [
        (1_700_000_000 + np.arange(100), True),
        (2**24 + np.arange(100), True),
        (2**62 + 1024 * np.arange(100), True),
        (np.r_[2**24 + np.arange(90), 1_000_000 * np.arange(10)], True),
        (2**24 - np.arange(100), False),
        (1_000_000_007 * np.arange(100), False),
        (np.random.Generator(np.random.Philox(0)).random(100_000), False),
        (np.r_[np.nan, np.arange(99) / 7], False),
        (1e9 + np.arange(100) / 10, True),
        (np.arange(100, dtype=np.uint8), False),
    ],
)
def test_values_that_would_become_equal_are_found(values: np.ndarray, lost: bool) -> None:
    assert lost_in_float32(values[:, None]).tolist() == [0] * lost


def test_whole_numbers_are_refused_like_those_with_a_fraction() -> None:
    seconds = 1_700_000_000 + np.arange(100)
    for values in (seconds, seconds.astype(float)):
        with pytest.raises(DataError, match=r"features 1: values vary by 28.9 around 1.7e"):
            describe("mine", np.c_[np.arange(100), values], CLASSES)
    with pytest.raises(DataError, match=r"mine: target 'target': values vary by 28.9"):
        describe("mine", np.arange(200.0).reshape(100, 2), seconds, task="regression")
    assert describe("mine", np.arange(200.0).reshape(100, 2), seconds[CLASSES]).schema.classes[0] == "1700000000"


@pytest.mark.usefixtures("folder")
def test_whole_numbers_in_a_file() -> None:
    lines = [f"{2**24 + row},{row % 3}.5" for row in range(100)]
    with pytest.raises(DataError, match=r"column 'x': values vary by 28.9 around 1.67773e"):
        table("\n".join(["x,y", *lines, ""]))
    with pytest.raises(DataError, match=r"target 'x': values vary by .* which float32 cannot hold"):
        table("\n".join(["x,y", *lines, ""]), target="x", task="regression")


@pytest.mark.usefixtures("folder")
def test_seconds_of_dates_survive() -> None:
    moments = pd.date_range("2024-03-01 08:00", periods=2000, freq="20s").strftime("%Y-%m-%dT%H:%M:%S")
    found = table("\n".join(["when,y", *(f"{one},{row % 2}" for row, one in enumerate(moments)), ""]))
    (column,) = found.schema.columns
    assert column.origin == 19_783, "days from 1970-01-01 to 2024-03-01"
    assert len(np.unique(found.features)) == 2000
    assert decode(found.features, (column,))["when"].tolist() == moments.tolist()
    again = encode_frame(pd.DataFrame({"when": pd.to_datetime(moments)}), (column,))
    np.testing.assert_array_equal(again.rows, found.features)
    assert Schema.from_dict(found.schema.to_dict()) == found.schema
    days = table("when,y\n2024-03-01,a\n2024-03-02T06:00:00,b\n").schema
    assert days.columns[0].origin == 0
    assert "origin" not in days.to_dict()["columns"][0], "older data keeps its fingerprint"


@pytest.mark.usefixtures("folder")
def test_moments_that_no_origin_helps_are_refused() -> None:
    moments = ["1970-01-01", *(f"2024-03-01T00:00:{row % 60:02d}.{row:03d}" for row in range(300))]
    with pytest.raises(DataError, match="column 'when': float32 cannot tell its moments apart"):
        table("\n".join(["when,y", *(f"{one},{row % 2}" for row, one in enumerate(moments)), ""]))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)


def test_classes_of_large_numbers_do_not_overflow() -> None:
    found = describe("mine", np.arange(8.0).reshape(4, 2), np.array([1e20, 2, 2, 1e20]), task="classification")
    assert found.schema.classes == ("2", "100000000000000000000")
    assert found.targets.tolist() == [1, 0, 0, 1]
