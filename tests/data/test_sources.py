"""Sources: the whole table gives sound data, and every fault is named with file, column and line, all in one pass."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from foldproof.config.data import Data
from foldproof.config.sources import SourceName
from foldproof.data.dataset import Dataset, describe
from foldproof.data.schema import Schema
from foldproof.data.sources import SOURCES, load_source
from foldproof.errors import DataError

BUNDLED = ("digits", "breast_cancer", "wine", "iris", "diabetes")


def test_every_name_of_the_params_is_a_row_of_the_table() -> None:
    assert set(SOURCES) == set(get_args(SourceName))


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_data_survives_a_round_trip(name: str, tmp_path: Path) -> None:
    dataset = load_source(Data.model_validate({"source": name}))
    dataset.save(tmp_path)
    loaded = Dataset.load(tmp_path)
    assert loaded.schema == dataset.schema
    assert np.array_equal(loaded.features, dataset.features)
    assert np.array_equal(loaded.targets, dataset.targets)
    assert dataset.schema.rows == len(loaded.features)
    assert Schema.from_dict(dataset.schema.to_dict()) == dataset.schema


@pytest.mark.parametrize(
    ("name", "rows", "shape"), [("digits", 1797, (1, 8, 8)), ("diabetes", 442, (10,)), ("wine", 178, (13,))]
)
def test_bundled_data_is_what_it_is_known_to_be(name: str, rows: int, shape: tuple[int, ...]) -> None:
    schema = load_source(Data.model_validate({"source": name})).schema
    assert (schema.rows, schema.shape) == (rows, shape)


def csv(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, target: str = "y") -> Dataset:
    monkeypatch.chdir(folder)
    (folder / "data/raw").mkdir(parents=True, exist_ok=True)
    (folder / "data/raw/my.csv").write_text(text, encoding="utf-8")
    return load_source(Data(source="csv", path="data/raw/my.csv", target=target))


def test_a_csv_file_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = csv(tmp_path, monkeypatch, "a,b,y\n1,2.5,größer\n3,4,kleiner\n5,6,größer\n")
    assert dataset.schema.classes == ("größer", "kleiner")
    assert dataset.schema.features == ("a", "b")
    assert dataset.features.tolist() == [[1, 2.5], [3, 4], [5, 6]]
    assert dataset.targets.tolist() == [0, 1, 0]


def test_a_csv_of_the_bundled_data_is_the_same_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.datasets import load_wine

    text = load_wine(as_frame=True).frame.rename(columns={"target": "y"}).to_csv(index=False)
    dataset = csv(tmp_path, monkeypatch, text)
    bundled = load_source(Data(source="wine"))
    assert np.array_equal(dataset.features, bundled.features)
    assert np.array_equal(dataset.targets, bundled.targets)


def test_every_bad_column_of_a_csv_is_named_with_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError) as caught:
        csv(tmp_path, monkeypatch, "a,b,c,y\n1,x,2,p\n,3,inf,q\n4,5,6,\n")
    told = "\n".join(caught.value.problems)
    assert "column 'a'" not in told, "a missing value is legal"
    assert "column 'b': not a number in 1 line (2), such as 'x'; mend them, or set data.types: {b: category}" in told
    assert "column 'c': infinite, or too large for float32, in 1 line (3)" in told
    assert "target 'y' is empty in 1 line (4)" in told


@pytest.mark.parametrize(
    ("text", "target", "told"),
    [
        ("a,y\n1,p\n", "Y", "did you mean 'y'"),
        ("a,y\n1,p\n2,p\n", "y", "one class only"),
        ("a,y\n", "y", "no rows below the header"),
        ("a;y\n1;2\n", "y", "data.delimiter: ';'"),
        ("", "y", "not a readable CSV"),
        ("y\n1\n2\n", "y", "no column beside the target"),
    ],
)
def test_a_useless_csv_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, target: str, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        csv(tmp_path, monkeypatch, text, target)


def npz(folder: Path, monkeypatch: pytest.MonkeyPatch, **arrays: np.ndarray) -> Dataset:
    monkeypatch.chdir(folder)
    (folder / "data/raw").mkdir(parents=True, exist_ok=True)
    np.savez(folder / "data/raw/my.npz", **arrays)  # type: ignore[arg-type]
    return load_source(Data(source="npz", path="data/raw/my.npz"))


def test_an_archive_of_colour_images_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.arange(6 * 3 * 4 * 4, dtype=np.uint8).reshape(6, 3, 4, 4)
    dataset = npz(tmp_path, monkeypatch, features=images, targets=np.array(["a", "b"] * 3))
    assert (dataset.schema.kind, dataset.schema.shape) == ("image", (3, 4, 4))
    assert dataset.features.dtype == np.uint8


def test_an_archive_may_say_what_stands_beside_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = {
        "groups": np.array(["p2", "p1", "p2", "p3"]),
        "times": np.array(["1970-01-01", "1970-01-02T12:00", "1970-01-03", "1969-12-31"], dtype="datetime64[m]"),
        "weights": np.array([1, 2, 1, 4]),
        "ids": np.array([7, 8, 9, 10]),
        "given_test": np.array([0, 0, 0, 1]),
    }
    dataset = npz(tmp_path, monkeypatch, features=np.eye(4), targets=np.arange(4) % 2, **beside)
    found = {name: (array.tolist(), array.dtype.kind) for name, array in dataset.arrays().items() if name in beside}
    assert found == {
        "groups": ([0, 1, 0, 2], "i"),
        "times": ([0.0, 1.5, 2.0, -1.0], "f"),
        "weights": ([1.0, 2.0, 1.0, 4.0], "f"),
        "ids": (["7", "8", "9", "10"], "U"),
        "given_test": ([False, False, False, True], "b"),
    }
    dataset.save(tmp_path / "prepared")
    assert Dataset.load(tmp_path / "prepared").schema == dataset.schema


def test_all_that_is_wrong_with_an_archive_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "groups": np.array([0.5, 1, 2, 3]),
        "times": np.array([1, 2, 3]),
        "weights": np.array([1, 0, 1, 1]),
        "given_test": np.array([0, 1, 2, 0]),
    }
    with pytest.raises(DataError) as caught:
        npz(tmp_path, monkeypatch, features=np.full((4, 2), np.nan), targets=np.arange(4) % 2, **wrong)
    told = "\n".join(caught.value.problems)
    assert all(f"my.npz: {name}: found" in told for name in wrong)
    assert "hold no value at all" in told


def test_unknown_and_missing_arrays_of_an_archive_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError) as caught:
        npz(tmp_path, monkeypatch, features=np.eye(4), target=np.arange(4), group=np.arange(4))
    told = "\n".join(caught.value.problems)
    assert "no array 'targets'" in told
    assert "did you mean 'targets'" in told
    assert "did you mean 'groups'" in told


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive"])
def test_a_broken_archive_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "data/raw/my.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"data/raw/my\.npz: not a readable"):
        load_source(Data(source="npz", path="data/raw/my.npz"))


def test_pickled_objects_are_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="not a readable"):
        npz(tmp_path, monkeypatch, features=np.array([{}, {}], dtype=object), targets=np.arange(2))


@pytest.mark.parametrize("source", ["csv", "npz"])
def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"data/raw/none.{source}: no such file"):
        load_source(Data.model_validate({"source": source, "path": f"data/raw/none.{source}", "target": "y"}))


def test_all_that_is_wrong_with_arrays_is_told() -> None:
    features = np.array([[1.0, np.nan], [np.inf, 2.0], [3.0, 4.0]])
    with pytest.raises(DataError) as caught:
        describe("mine", features, np.array([1.5, np.nan]))
    told = "\n".join(caught.value.problems)
    assert "3 rows of features but 2 targets" in told
    assert "features hold infinite or (in float32) overflowing values in 1 rows (1)" in told
    assert "targets hold NaN" in told


def test_the_task_follows_from_the_target() -> None:
    features = np.arange(400.0)[:, None]
    assert describe("t", features, np.arange(400) / 2).schema.task == "regression"
    assert describe("t", features, np.arange(400)).schema.task == "regression"
    assert describe("t", features, np.arange(400) % 7).schema.task == "classification"
    assert describe("t", features, np.arange(400) % 2 == 0).schema.classes == ("False", "True")


def test_the_fingerprint_follows_every_value() -> None:
    features, targets = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    base = describe("t", features, targets).schema.fingerprint
    assert base == describe("t", features.copy(), targets.copy()).schema.fingerprint
    features[3, 1] += 1
    assert base != describe("t", features, targets).schema.fingerprint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b,y\n1,2,p,9\n3,4,q,9\n", "some lines have 4 cells, the header has 3"),
        ("a,a,y\n1,2,p\n3,4,q\n", "names 'a' more than once"),
        ("a,y\n1,p\n\n2,q\n", r"target 'y' is empty in 1 line \(3\)"),
        ("a,y\n1,cat\n2,Cat\n3,dog\n", "classes 'Cat', 'cat' differ only by case or spaces"),
        ("a,y\n1,cat\n2,cat \n3,dog\n", "differ only by case or spaces"),
    ],
)
def test_what_pandas_would_quietly_mend_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        csv(tmp_path, monkeypatch, text)


def test_a_class_may_be_called_na(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert csv(tmp_path, monkeypatch, "a,y\n1,NA\n2,EU\n").schema.classes == ("EU", "NA")


def test_fractions_are_no_classes() -> None:
    with pytest.raises(DataError, match="have fractions"):
        describe("t", np.arange(4.0)[:, None], np.array([0.5, 1, 0.5, 1]), "classification")


def test_a_number_that_never_varies_cannot_be_learnt() -> None:
    with pytest.raises(DataError, match="is 3 in every row"):
        describe("t", np.arange(4.0)[:, None], np.full(4, 3.0), "regression")


def test_values_that_float32_cannot_hold_are_refused() -> None:
    generator = np.random.Generator(np.random.Philox(0))
    features = generator.normal(size=(50, 3))
    with pytest.raises(DataError, match=r"targets 0: values vary by .* which float32"):
        describe("t", features, 1e9 + generator.normal(size=50))
    features[:, 1] += 1e9
    with pytest.raises(DataError, match=r"features 1: values vary by .* subtract the offset"):
        describe("t", features, np.arange(50) % 2)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_missing_labels_are_refused_with_their_rows(missing: object) -> None:
    with pytest.raises(DataError, match=r"targets are missing in 1 rows \(2\)"):
        describe("t", np.arange(4.0)[:, None], np.array(["a", "b", missing, "a"], dtype=object))
