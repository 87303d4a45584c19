"""`foldproof predict`: rows of a file are read as those of training were, and their ids come through."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldproof.cli import main
from foldproof.data.dataset import Dataset
from foldproof.errors import DataError
from foldproof.model.exported import ExportedModel
from foldproof.prediction import predict_files, read_rows
from tests.data.tables import table
from tests.tracking.projects import dataset, export_model


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A model in `models/`, of rows with a number, a category and a boolean, named by `who`."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.Generator(np.random.Philox(3))
    lines = [
        f"r{row},{value:.3f},{('red', 'blue', 'green')[row % 3]},{('yes', 'no')[row % 2]},{('=1+1', '-1')[row % 2]}"
        for row, value in enumerate(generator.normal(size=60))
    ]
    found = table("\n".join(["who,size,colour,paid,y", *lines, ""]), id="who")
    export_model(found, Path("models"))
    return found


def test_files_of_every_kind_give_the_predictions_of_the_raw_rows(trained: Dataset) -> None:
    frame = pd.read_csv("data/raw/my.csv", dtype=str)
    frame["size"] = frame["size"].astype(float)
    given = frame.drop(columns="y")[["paid", "colour", "who", "size"]]
    given.to_csv("new.csv", index=False)
    given.to_csv("new.tsv", index=False, sep="\t")
    given.to_parquet("new.parquet", index=False)
    given.to_csv("semicolons.csv", index=False, sep=";", decimal=",")
    wanted = ExportedModel.load("models").predict(trained.features)
    for name, options in (
        *((name, ()) for name in ("new.csv", "new.tsv", "new.parquet")),
        ("semicolons.csv", ("--delimiter", ";", "--decimal", ",")),
    ):
        with pytest.raises(SystemExit, match="0"):
            main(["predict", name, "out.csv", *options])
        out = pd.read_csv("out.csv", dtype={"prediction": str})
        assert list(out.columns) == ["who", "prediction", "p_-1", "p_=1+1"]
        assert out["who"].tolist() == frame["who"].tolist()
        np.testing.assert_allclose(out[["p_-1", "p_=1+1"]].to_numpy(), wanted, rtol=1e-6)
        assert set(out["prediction"]) <= {"-1", "'=1+1"}, "a formula is neutralised, a number is not"


@pytest.mark.usefixtures("trained")
def test_unseen_categories_are_told_and_ids_that_are_formulas_neutralised() -> None:
    Path("new.csv").write_text("size,colour,paid,who\n1,pink,no,=cmd()\n2,red,yes,-5\n")
    told = predict_files([Path("new.csv")], Path("out.csv"), Path("models"))
    assert told.splitlines() == [
        "out.csv: 2 predictions, the mean of 2 networks",
        "categories that training did not have: 1 in 'colour'; they count as unknown",
    ]
    assert pd.read_csv("out.csv")["who"].tolist() == ["'=cmd()", "-5"]


def test_rows_may_have_no_ids_but_every_column(trained: Dataset) -> None:
    Path("new.csv").write_text("size,colour,paid\n1,red,no\n")
    given = read_rows(Path("new.csv"), trained.schema)
    assert given.ids is None
    assert given.features.tolist() == [[1, 2, 0]]
    Path("new.csv").write_text("size,paid\nbig,no\n")
    with pytest.raises(DataError) as caught:
        read_rows(Path("new.csv"), trained.schema)
    assert "columns missing: colour" in str(caught.value)
    assert "column 'size': not a usable number in rows 0, counted from 0, such as 'big'" in str(caught.value)


def test_what_no_training_row_lacked_may_not_be_missing(trained: Dataset) -> None:
    Path("new.csv").write_text("size,colour,paid\n1,red,no\n,red,no\n")
    with pytest.raises(DataError, match="in rows 1, counted from 0; no training row lacked 'size'"):
        read_rows(Path("new.csv"), trained.schema)


@pytest.mark.parametrize(
    ("target", "told"),
    [("new.csv", "found as the file to write and to read"), ("none/out.csv", "there is no folder none")],
)
def test_nothing_is_overwritten_or_made_unasked(trained: Dataset, target: str, told: str) -> None:
    Path("new.csv").write_text(Path("data/raw/my.csv").read_text())
    before = Path("new.csv").read_text()
    with pytest.raises(DataError, match=told):
        predict_files([Path("new.csv")], Path(target), Path("models"))
    assert Path("new.csv").read_text() == before
    assert not Path("none").exists()
    assert trained.schema.kind == "table"


def test_images_come_as_arrays(tmp_path: Path) -> None:
    images = dataset("image")
    np.save(tmp_path / "new.npy", images.features[:3, 0])
    assert read_rows(tmp_path / "new.npy", images.schema).features.shape == (3, 1, 8, 8)
    (tmp_path / "new.npy").rename(tmp_path / "NEW.NPY")
    assert read_rows(tmp_path / "NEW.NPY", images.schema).features.shape == (3, 1, 8, 8)
    (tmp_path / "new.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"the model takes image rows, legal: \.npy or \.npz"):
        read_rows(tmp_path / "new.csv", images.schema)
    (tmp_path / "new.txt").touch()
    with pytest.raises(DataError, match=r"legal are \.csv, \.tsv, \.parquet, \.npy, \.npz"):
        read_rows(tmp_path / "new.txt", images.schema)
