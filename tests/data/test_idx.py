"""IDX files: what numpy wrote by the format's definition comes back; every fault of all files is told at once."""

import gzip
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset, collect, prepare
from foldproof.data.schema import Decoding
from foldproof.data.sources import idx_files, open_source
from foldproof.data.sources.idx_files import IdxFile
from foldproof.errors import DataError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(values: np.ndarray) -> bytes:
    """By the definition: zeros, type, dimensions, lengths, values."""
    head = bytes([0, 0, CODES[values.dtype.str[1:]], values.ndim])
    return (
        head + struct.pack(f">{values.ndim}I", *values.shape) + values.astype(values.dtype.newbyteorder(">")).tobytes()
    )


IMAGES = np.arange(12 * 2 * 3, dtype=np.uint8).reshape(12, 2, 3)
LABELS = (np.arange(12) % 3 + 4).astype(np.uint8)


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder data/raw/mine of a project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/raw/mine"
    folder.mkdir(parents=True)
    return folder


def write(folder: Path, side: str, images: bytes = idx(IMAGES), labels: bytes = idx(LABELS), end: str = "") -> None:
    pack = gzip.compress if end else bytes
    (folder / f"{side}-images-idx3-ubyte{end}").write_bytes(pack(images))
    (folder / f"{side}-labels-idx1-ubyte{end}").write_bytes(pack(labels))


def read(path: str = "data/raw/mine", **settings: object) -> Dataset:
    return collect(open_source(Data.model_validate({"source": "idx", "path": path, **settings})))


def problems(path: str = "data/raw/mine", **settings: object) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **settings)
    return str(caught.value)


TYPED = st.sampled_from(sorted(CODES)).flatmap(
    lambda code: arrays.arrays(code, arrays.array_shapes(min_dims=1, max_dims=4, max_side=6))
)


@given(TYPED, st.booleans(), st.integers(1, 64))
def test_values_of_every_type_come_back_in_whatever_chunks(values: np.ndarray, packed: bool, at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(idx_files, "CHUNK_BYTES", at_once)
        path = Path(folder) / "any"
        path.write_bytes(gzip.compress(idx(values)) if packed else idx(values))
        file = IdxFile.open(path)
        np.testing.assert_array_equal(np.concatenate(list(file.rows())), values)
        assert (file.shape, file.type.kind) == (values.shape, values.dtype.kind)


@given(TYPED, st.booleans(), st.data())
def test_a_file_cut_anywhere_is_refused(values: np.ndarray, packed: bool, data: st.DataObject) -> None:
    whole = gzip.compress(idx(values)) if packed else idx(values)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any"
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="any"):
            _ = [rows.sum() for rows in IdxFile.open(path).rows()]


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("named", [False, True])
def test_a_pair_is_read(raw: Path, end: str, named: bool) -> None:
    write(raw, "t10k", end=end)
    dataset = read(f"data/raw/mine/t10k-images-idx3-ubyte{end}" if named else "data/raw/mine")
    assert np.array_equal(dataset.features, IMAGES[:, None])
    assert dataset.features.dtype == np.uint8
    assert dataset.targets.tolist() == (LABELS - 4).tolist()
    assert dataset.schema.classes == ("4", "5", "6")
    assert dataset.given_test is None
    assert dataset.schema.decoding == Decoding("grey", (2, 3), None)


@pytest.mark.parametrize("names", [("train", "t10k"), ("emnist-letters-train", "emnist-letters-test")])
def test_two_pairs_are_a_given_test_set(raw: Path, names: tuple[str, str]) -> None:
    write(raw, names[0])
    write(raw, names[1], idx(IMAGES[:5] + 100), idx(LABELS[:5]))
    dataset = read()
    assert dataset.given_test is not None
    assert dataset.given_test.tolist() == [False] * 12 + [True] * 5
    assert np.array_equal(dataset.features[12:, 0], IMAGES[:5] + 100)
    assert dataset.targets.tolist() == [*(LABELS - 4), *(LABELS[:5] - 4)]


def test_labels_may_lie_elsewhere_and_be_numbers(raw: Path) -> None:
    (raw / "faces").write_bytes(idx(IMAGES.astype(np.float32) / 7))
    (raw / "ages").write_bytes(idx(np.arange(12) / np.float32(4)))
    dataset = read("data/raw/mine/faces", labels="data/raw/mine/ages")
    assert dataset.schema.task == "regression"
    assert dataset.targets.tolist() == (np.arange(12) / 4).tolist()
    assert dataset.features.dtype == np.float32
    assert dataset.schema.decoding is None


def test_every_fault_of_every_file_is_told_at_once(raw: Path) -> None:
    write(raw, "train", idx(IMAGES)[:-5], b"\0\0\x07\x01" + bytes(8))
    write(raw, "t10k", gzip.compress(idx(IMAGES))[:-20], idx(LABELS[:7]))
    told = problems()
    assert "train-images-idx3-ubyte: cut short: 11 whole rows, the header says 12" in told
    assert "train-labels-idx1-ubyte: starts with 00 00 07 01, which is no IDX file's magic number" in told
    assert "t10k-images-idx3-ubyte: its gzip data is cut short" in told
    assert "t10k-labels-idx1-ubyte: 7 labels, but 12 images in t10k-images-idx3-ubyte" in told
    assert len(told.splitlines()) == 4


def test_images_cut_short_leave_nothing_behind(raw: Path) -> None:
    write(raw, "train", idx(IMAGES)[:-5])
    write(raw, "t10k", gzip.compress(idx(IMAGES))[:-5])
    with pytest.raises(DataError) as caught:
        prepare(open_source(Data(source="idx", path="data/raw/mine")), "prepared")
    assert len(caught.value.problems) == 2
    assert not list(Path("prepared").iterdir())


@pytest.mark.parametrize(
    ("images", "labels", "told"),
    [
        (b"", idx(LABELS), "starts with nothing"),
        (idx(IMAGES)[:9], idx(LABELS), "ends in its header"),
        (idx(IMAGES) + b"x", idx(LABELS), "goes on after the 12 rows"),
        (idx(LABELS), idx(IMAGES), r"labels-idx1-ubyte: holds values of shape \(12, 2, 3\)"),
        (idx(IMAGES[:, :0]), idx(LABELS), "none of them 0"),
        (idx(IMAGES), idx(LABELS * 0), "one class only"),
        (idx(IMAGES[:0]), idx(LABELS[:0]), "none of them 0"),
    ],
)
def test_a_useless_pair_is_refused(raw: Path, images: bytes, labels: bytes, told: str) -> None:
    write(raw, "train", images, labels)
    with pytest.raises(DataError, match=told):
        read()


def test_what_is_missing_or_too_much_is_named(raw: Path) -> None:
    assert "holds no file of images" in problems()
    assert "data/raw/mine/none-images-idx3-ubyte: no such file" in problems("data/raw/mine/none-images-idx3-ubyte")
    (raw / "pixels").write_bytes(idx(IMAGES))
    assert "name that in data.labels" in problems("data/raw/mine/pixels")
    write(raw, "a")
    write(raw, "b")
    assert "several files of images to train on: a-images-idx3-ubyte, b-images-idx3-ubyte" in problems()


def test_images_of_two_shapes_are_refused(raw: Path) -> None:
    write(raw, "train")
    write(raw, "t10k", idx(IMAGES[:, :, :2]))
    assert "t10k-images-idx3-ubyte: images of shape (2, 2), unlike the other file's" in problems()
