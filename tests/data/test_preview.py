"""The preview shows training rows as they are and as they are met."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foldproof.config.augment import Augment
from foldproof.config.split import Split as Section
from foldproof.data.augmentation import AUGMENTATIONS
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe
from foldproof.data.preview import CELL, SHOWN, SMALL_LETTERS, STEPS, save_preview
from foldproof.data.splits import Role, make_split
from foldproof.errors import ConfigError
from tests.data.augmented import dataset_of, kind_of, usual
from tests.training.setting import diabetes, digits


def drawn(dataset: Dataset, section: Augment, path: Path) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    save_preview(dataset, make_split(dataset, Section(), 0), section, path)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def images(shape: tuple[int, ...], rows: int = 40) -> Dataset:
    draws = np.random.Generator(np.random.Philox(0))
    features = draws.integers(0, 256, (rows, *shape)).astype(np.uint8)
    return describe("images", features, np.arange(rows) % 2, "classification")


def test_the_first_line_is_the_rows_themselves(tmp_path: Path) -> None:
    """Found again on the sheet by their exact pixels: 16 is black, 0 is white, each pixel a square of 19."""
    dataset = digits()
    sheet = drawn(dataset, Augment(shift=1.0), tmp_path / "preview.png")
    row = make_split(dataset, Section(), 0).rows(0, Role.TRAINING)[0]
    image = np.asarray(dataset.features[row, 0], dtype=np.float64)
    shades = np.kron((255 * (1 - image / 16)).round().astype(np.uint8), np.ones((19, 19), np.uint8))
    windows = np.lib.stride_tricks.sliding_window_view(sheet[: 2 * CELL, : 2 * CELL, 0], (CELL, CELL))
    assert (windows == shades).all(axis=(2, 3)).sum() == 1


@pytest.mark.parametrize("shape", [(8, 8), (1, 28, 20), (3, 32, 32), (3, 400, 300), (1, 1, 500)])
def test_images_of_any_size_fit_their_cells(shape: tuple[int, ...], tmp_path: Path) -> None:
    sheet = drawn(images(shape), Augment(noise=20.0), tmp_path / "preview.png")
    height, width, _ = sheet.shape
    assert height <= (STEPS + 1) * (CELL + 10) + 40
    assert width <= max(SHOWN * (CELL + 10) + 100, 700)
    assert (sheet.std(axis=2) > 10).any() == (shape[0] == 3), "three channels are shown in colour"


def test_steps_differ_and_the_same_bytes_come_again(tmp_path: Path) -> None:
    first, again = (drawn(digits(), Augment(shift=1.0), tmp_path / name) for name in ("first.png", "again.png"))
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    assert np.array_equal(first, again)
    off = drawn(digits(), Augment(), tmp_path / "off.png")
    assert len(first) > 3 * len(off) - 100, "without augmentation there is one line"


def test_tables_are_drawn_too(tmp_path: Path) -> None:
    assert drawn(diabetes(), Augment(noise=0.1), tmp_path / "preview.png").std() > 5


def test_what_does_not_fit_the_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"augment\.shift"):
        drawn(diabetes(), Augment(shift=1.0), tmp_path / "preview.png")


def test_mixed_rows_are_captioned_and_long_lists_are_wrapped(tmp_path: Path) -> None:
    plain = drawn(images((3, 16, 16)), Augment(flip=0.5), tmp_path / "plain.png")
    mixed = drawn(images((3, 16, 16)), Augment(mixup=0.4, cutmix=1.0), tmp_path / "mixed.png")
    assert len(mixed) >= len(plain) + SMALL_LETTERS * (1 + 2 * STEPS), "a line of text below each row, two where mixed"
    usual = {"rotation": 15.0, "scale": 0.1, "shear": 10.0, "brightness": 0.3, "contrast": 0.3, "colour": 0.3}
    long = drawn(images((3, 16, 16)), Augment(**usual, blur=0.5, noise=1.0, crop=2, cutout=4), tmp_path / "long.png")
    assert long.shape[1] == plain.shape[1]
    assert len(long) > len(plain)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_augmentation_is_shown(name: str, tmp_path: Path) -> None:
    kind = kind_of(name)
    section = Augment.model_validate({name: int(usual(name)) if usual(name) == 2 else usual(name)})
    before, after = (drawn(dataset_of(kind), one, tmp_path / "preview.png") for one in (Augment(), section))
    assert before.shape != after.shape or not np.array_equal(before, after)
