"""`foldproof predict` for images: files and folders are decoded as in training, and every bad one is named."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foldproof import cross_validate
from foldproof.cli import main
from foldproof.data.schema import Decoding
from foldproof.errors import DataError
from foldproof.model.exported import ExportedModel
from foldproof.prediction import predict_files

IMAGES = np.random.RandomState(0).randint(0, 256, (40, 8, 8)).astype(np.uint8)


@cache
def model() -> ExportedModel:
    """Of grey images 8 x 8 that are cropped to that size, as a folder of images would have made it."""
    params = {"split": {"folds": 2}, "train": {"epochs": 1, "batch_size": 8}, "model": {"mlp": {"hidden": [4]}}}
    trained = cross_validate(IMAGES, np.array(["cat", "dog"] * 20), params, progress=False).model
    schema = replace(trained.schema, decoding=Decoding("grey", (8, 8), "crop"))
    return replace(trained, schema=schema, record={**trained.record, "data": schema.to_dict()})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model and some pictures in it."""
    monkeypatch.chdir(tmp_path)
    model().save("models")
    for place, name in enumerate(["new/b.png", "new/a.png", "new/deep/é c.bmp", "=1.png"]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(IMAGES[place]).save(path)
    return tmp_path


def predict(*arguments: str) -> pd.DataFrame:
    with pytest.raises(SystemExit) as caught:
        main(["predict", *arguments, "out.csv"])
    assert caught.value.code == 0
    return pd.read_csv("out.csv")


@pytest.mark.usefixtures("folder")
def test_a_folder_is_predicted_by_name() -> None:
    table = predict("new")
    assert table.id.tolist() == ["a.png", "b.png", "deep/é c.bmp"]
    wanted = model().predict(IMAGES[[1, 0, 2], None])
    np.testing.assert_allclose(table[["p_cat", "p_dog"]], wanted, rtol=1e-5)


@pytest.mark.usefixtures("folder")
def test_files_and_folders_are_predicted_in_the_order_given() -> None:
    table = predict("new/b.png", "new/deep", "=1.png")
    assert table.id.tolist() == ["new/b.png", "new/deep/é c.bmp", "'=1.png"]
    np.testing.assert_allclose(table.p_cat, model().predict(IMAGES[[0, 2, 3], None])[:, 0], rtol=1e-5)


@pytest.mark.usefixtures("folder")
def test_an_image_of_another_size_and_in_colour_is_brought_to_the_models() -> None:
    large = IMAGES[5].repeat(2, 0).repeat(2, 1)
    Image.fromarray(np.stack([large] * 3, axis=2)).save("large.png")
    shrunk = np.asarray(Image.fromarray(large).resize((8, 8), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(predict("large.png").p_cat, model().predict(shrunk[None, None])[:, 0], rtol=1e-5)


@pytest.mark.usefixtures("folder")
def test_every_bad_file_is_named_and_nothing_is_written() -> None:
    Path("new/zero.png").write_bytes(b"")
    Path("new/notes.txt").write_text("")
    with pytest.raises(DataError) as caught:
        predict_files([Path("new"), Path("none.png"), Path("models/model.json")], Path("out.csv"), Path("models"))
    told = "\n".join(caught.value.problems)
    for expected in (
        "new/notes.txt: legal are",
        "none.png: no such file",
        "model.json: no image",
        "zero.png: is empty",
    ):
        assert expected in told
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    ("sources", "target", "told"),
    [
        (["new/a.png"], "new/b.png", "legal: a name that ends in .csv"),
        (["a.csv", "b.csv"], "out.csv", "several files to read"),
        (["models"], "out.csv", "legal are PNG"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_useless_call_is_refused(sources: list[str], target: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        predict_files([Path(one) for one in sources], Path(target), Path("models"))


def test_a_model_of_other_rows_takes_no_image_files(folder: Path) -> None:
    schema = replace(model().schema, decoding=None)
    replace(model(), record={**model().record, "data": schema.to_dict()}).save("other")
    with pytest.raises(DataError, match="does not take image files"):
        predict_files([folder / "new"], Path("out.csv"), Path("other"))
