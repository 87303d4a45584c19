"""Folders of images: classes, given test sets and order from the names; every bad file named in one pass."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, collect, prepare
from foldproof.data.schema import Decoding, Schema
from foldproof.data.sources import image_rows, open_source
from foldproof.data.sources.image_listing import printable
from foldproof.errors import DataError


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder data/raw/mine of a project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data/raw/mine"


def draw(path: Path, value: int = 0, size: tuple[int, int] = (4, 4), mode: str = "RGB") -> None:
    """A file whose pixels all have one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value,) * 3).save(path)


def read(**settings: object) -> Dataset:
    values = {"source": "image_folder", "path": "data/raw/mine", **settings}
    return collect(open_source(Data.model_validate(values)))


def problems(**settings: object) -> str:
    with pytest.raises(DataError) as caught:
        read(**settings)
    assert len(set(caught.value.problems)) == len(caught.value.problems)
    return "\n".join(caught.value.problems)


def test_a_folder_a_class_becomes_rows_in_the_order_of_names(raw: Path) -> None:
    for place, name in enumerate(["b/2.png", "b/10.png", "b/deep er/1.PNG", "Ä <i>/x y.bmp", "a/é.png"]):
        draw(raw / name, place)
    for passed_over in (".DS_Store", "a/Thumbs.db", "a/.hidden.png"):
        (raw / passed_over).write_bytes(b"junk")
    dataset = read()
    assert dataset.ids is not None
    assert dataset.ids.tolist() == ["a/é.png", "b/10.png", "b/2.png", "b/deep er/1.PNG", "Ä <i>/x y.bmp"]
    assert dataset.features[:, 0, 0, 0].tolist() == [4, 1, 0, 2, 3]
    assert dataset.targets.tolist() == [0, 1, 1, 1, 2]
    assert dataset.given_test is None
    schema = dataset.schema
    assert (schema.kind, schema.shape, schema.classes) == ("image", (3, 4, 4), ("a", "b", "Ä <i>"))
    assert schema.decoding == Decoding("rgb", (4, 4), None)
    assert Schema.from_dict(schema.to_dict()) == schema


def test_rows_come_in_chunks_and_are_the_same_whatever_their_size(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(37):
        draw(raw / f"{place % 2}/{place:02}.png", place)
    whole = read()
    monkeypatch.setattr(image_rows, "CHUNK_BYTES", 5 * 48)
    monkeypatch.setattr(image_rows, "HANDED_OUT", 2)
    reading = open_source(Data(source="image_folder", path="data/raw/mine"))
    assert [len(chunk.features) for chunk in reading.chunks()] == [5] * 7 + [2]
    assert reading.rows == 37
    schema = prepare(reading, "prepared")
    assert schema == whole.schema
    mapped = Dataset.load("prepared")
    for name, array in whole.arrays().items():
        assert np.array_equal(mapped.arrays()[name], array), name


@pytest.mark.parametrize(
    ("modes", "asked", "channels"),
    [(["L", "L"], "auto", 1), (["L", "RGB"], "auto", 3), (["L", "RGB"], "grey", 1), (["L", "L"], "rgb", 3)],
)
def test_colour_is_that_of_the_files_unless_it_is_set(raw: Path, modes: list[str], asked: str, channels: int) -> None:
    for place, mode in enumerate(modes):
        draw(raw / f"{place}/a.png", 9, mode=mode)
    dataset = read(colour=asked)
    assert dataset.schema.shape == (channels, 4, 4)
    assert (dataset.features == 9).all()


def test_images_of_several_sizes_are_listed_and_brought_to_one(raw: Path) -> None:
    draw(raw / "a/1.png", 3)
    draw(raw / "b/2.png", 5)
    draw(raw / "b/3.png", 7, (8, 4))
    assert (
        "2 sizes (height x width): 4x4: 2, such as a/1.png; 4x8: 1, such as b/3.png; set data.size, such as [8, 8]"
        in problems()
    )
    dataset = read(size=[2, 3], fit="crop")
    assert dataset.features.shape == (3, 3, 2, 3)
    assert dataset.schema.decoding == Decoding("rgb", (2, 3), "crop")


@pytest.mark.parametrize("layout", ["inside", "elsewhere", "elsewhere beside train"])
def test_a_given_test_set_is_marked(raw: Path, layout: str) -> None:
    inside = layout != "elsewhere"
    train = raw / "train" if inside else raw
    test = raw / "test" if layout == "inside" else raw.parent / "held out"
    for side, value in ((train, 1), (test, 200)):
        for name in ("cat", "dog"):
            draw(side / name / "1.png", value)
    dataset = read() if layout == "inside" else read(test_path="data/raw/held out")
    assert dataset.given_test is not None
    assert dataset.ids is not None
    assert dataset.given_test.tolist() == [False, False, True, True]
    assert (dataset.features[:, 0, 0, 0] == 200).tolist() == [False, False, True, True]
    assert all(
        (Path.cwd() / ("data/raw" if layout != "inside" else "data/raw/mine") / name).is_file() for name in dataset.ids
    )
    assert dataset.schema.classes == ("cat", "dog")


def test_a_class_may_be_called_train(raw: Path) -> None:
    for name in ("train", "bus", "car"):
        draw(raw / name / "1.png")
    assert read().schema.classes == ("bus", "car", "train")


def test_every_bad_file_and_name_is_told_at_once_and_nothing_is_written(raw: Path) -> None:
    draw(raw / "cat/good.png")
    draw(raw / "dog/good.png")
    (raw / "empty").mkdir()
    (raw / "cat/zero.png").write_bytes(b"")
    (raw / "cat/notes.txt").write_text("no image")
    (raw / "cat/renamed.jpg").write_bytes((raw / "cat/good.png").read_bytes())
    (raw / "dog/cut.png").write_bytes((raw / "dog/good.png").read_bytes()[:-30])
    (raw / "dog/nowhere.png").symlink_to("none")
    (raw / "loose.png").write_bytes((raw / "cat/good.png").read_bytes())
    (raw / "other").symlink_to(raw / "cat")
    draw(raw / "cat /1.png")
    told = problems()
    for expected in (
        "cat/zero.png: is empty",
        "cat/notes.txt: legal are PNG, JPEG or BMP, with the endings .png",
        "cat/renamed.jpg: is a PNG by its content",
        "dog/cut.png: is no PNG, JPEG or BMP image, or damaged",
        "dog/nowhere.png: no file",
        "loose.png: lies in no class folder",
        "empty: a class folder without an image",
        "other: a link to a folder",
        "classes 'cat', 'cat ' differ only by case",
    ):
        assert f"data/raw/mine/{expected}" in told or f"data/raw/mine: {expected}" in told, expected
    assert len(told.splitlines()) == 9


def test_bad_files_among_sound_names_leave_nothing_behind(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(40):
        draw(raw / f"{place % 2}/{place:02}.png", place)
    for bad in ("0/20.png", "1/39.png"):
        (raw / bad).write_bytes((raw / bad).read_bytes()[:-30])
    monkeypatch.setattr(image_rows, "CHUNK", 8)
    with pytest.raises(DataError) as caught:
        prepare(open_source(Data(source="image_folder", path="data/raw/mine")), "prepared")
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "data/raw/mine/0/20.png",
        "data/raw/mine/1/39.png",
    ]
    assert not list(Path("prepared").iterdir())


def test_a_name_that_is_no_text_is_made_printable() -> None:
    """As Python shows bytes that are not UTF-8; not every system lets such a file be made."""
    assert printable("a/\udcff\udcfe é.png") == "a/?? é.png"


@pytest.mark.parametrize(
    ("files", "settings", "told"),
    [
        ([], {}, "no such folder"),
        (["a/1.png"], {}, "found 1 folders with images"),
        (["a/1.png", "b/1.png"], {"test_path": "data/raw/none"}, "data/raw/none: no such folder"),
        (["train/a/1.png", "train/b/1.png", "val/a/1.png"], {}, "move its files to the classes in train/"),
        (["train/a/1.png", "train/b/1.png", "test/a/1.png", "more/1.png"], {}, "stands beside train/ and test/"),
        (["train/cat/1.png", "train/dog/1.png", "test/cta/1.png"], {}, "did you mean 'cat'"),
        (["a/1.png", "b/1.png", "c/1.png"], {"test_path": "data/raw/mine/c"}, "lies among the classes"),
        (["train/a/1.png", "test/a/1.png", "x/a/1.png"], {"test_path": "data/raw/mine/x"}, "a second test set"),
    ],
)
def test_a_useless_folder_is_refused(raw: Path, files: list[str], settings: dict[str, object], told: str) -> None:
    for name in files:
        draw(raw / name)
    assert told in problems(**settings)
