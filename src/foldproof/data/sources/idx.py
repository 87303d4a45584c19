"""Images and labels in IDX files, as MNIST and its kin come: one pair, or a folder of two."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from foldproof.config.data import Data
from foldproof.data.describing import typed_target
from foldproof.data.reading import Chunk, Reading
from foldproof.data.schema import Colour, Decoding, Schema
from foldproof.data.sources.idx_files import IdxFile
from foldproof.errors import DataError

IMAGES = re.compile(r"images([-.])idx[34]-")
TEST = re.compile(r"(t10k|test)[-_.]?images[-.]idx")
COLOURS: dict[int, Colour] = {1: "grey", 3: "rgb"}  # by channels

T = TypeVar("T")


def open_idx(section: Data) -> Reading:
    """Read `data.path`, a file of images or a folder; raises DataError with every problem of all files.

    Where nothing but the images' values is damaged, that is told by the last chunk.
    """
    assert section.path is not None
    pairs = _pairs(Path(section.path), section.labels)
    problems: list[str] = []
    images = [_attempt(problems, _open_images, path) for path, _ in pairs]
    labels = [_attempt(problems, _read_labels, path) for _, path in pairs]
    shown, told = [one for one in images if one is not None], [one for one in labels if one is not None]
    problems += [
        f"{path}: {len(values)} labels, but {one.shape[0]} images in {one.path.name}"
        for one, values, (_, path) in zip(images, labels, pairs, strict=True)
        if one is not None and values is not None and len(values) != one.shape[0]
    ]
    if len({one.shape[1:] for one in shown}) > 1:
        problems += [f"{one.path}: images of shape {one.shape[1:]}, unlike the other file's" for one in shown]
    if problems:
        for one in shown:
            _attempt(problems, _read_through, one)
        raise DataError(*problems)
    name = Path(section.path).name.partition(".")[0]
    target, targets = typed_target(
        name, np.concatenate(told), section.task, target=next(iter(section.targets), "label")
    )
    shape = (1,) * (4 - len(shown[0].shape)) + shown[0].shape[1:]
    schema = Schema(name, "image", shape, (), (target,), decoding=_decoding(shown[0], shape))
    return Reading(schema, lambda: _chunks(shown, shape, targets), len(targets))


def _chunks(files: Sequence[IdxFile], shape: tuple[int, ...], targets: NDArray[Any]) -> Iterator[Chunk]:
    """The rows of a file to train on, or of all there is, and then those of one to test on."""
    problems: list[str] = []
    start = 0
    for in_test, file in enumerate(files):
        try:
            for rows in file.rows():
                some = slice(start, start := start + len(rows))
                given = np.full(len(rows), bool(in_test)) if len(files) > 1 else None
                yield Chunk(_pixels(rows).reshape(len(rows), *shape), targets[some], given_test=given)
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(*problems)


def _pixels(rows: NDArray[Any]) -> NDArray[Any]:
    """Bytes as they are, all other numbers as float32."""
    return rows.view(np.uint8) if rows.dtype == np.uint8 else rows.astype(np.float32)


def _decoding(file: IdxFile, shape: tuple[int, ...]) -> Decoding | None:
    """How image files become such rows, where these are bytes in a known number of channels."""
    channels, height, width = shape
    return Decoding(COLOURS[channels], (height, width), None) if file.type == np.uint8 and channels in COLOURS else None


def _open_images(path: Path) -> IdxFile:
    file = IdxFile.open(path)
    if len(file.shape) not in (3, 4) or 0 in file.shape:
        raise DataError(
            f"{path}: holds values of shape {file.shape}, legal: (rows, H, W), (rows, C, H, W), none of them 0"
        )
    return file


def _read_labels(path: Path) -> NDArray[Any]:
    file = IdxFile.open(path)
    if len(file.shape) != 1:
        raise DataError(f"{path}: holds values of shape {file.shape}, legal for labels: (rows,)")
    values = np.concatenate([*file.rows(), np.zeros(0, file.type)])
    return values.astype(values.dtype.newbyteorder("="))


def _read_through(file: IdxFile) -> None:
    for _ in file.rows():
        pass


def _attempt(problems: list[str], call: Callable[[Any], T], argument: Any) -> T | None:
    """What the call returns; None where it raises, and its problems are noted."""
    try:
        return call(argument)
    except DataError as error:
        problems.extend(error.problems)
        return None


def _pairs(path: Path, labels: str | None) -> list[tuple[Path, Path]]:
    """Images and labels: of one file, or of those in a folder, of which one may be to train on and one to test on."""
    if not path.is_dir():
        return [(path, _labels_of(path, labels))]
    found = sorted(one for one in path.iterdir() if IMAGES.search(one.name) and not one.name.startswith("."))
    sides = [[one for one in found if bool(TEST.search(one.name)) is in_test] for in_test in (False, True)]
    problems = [
        f"{path}: several files of images to {('train', 'test')[place]} on: {', '.join(one.name for one in side)}; "
        "name one of them in data.path"
        for place, side in enumerate(sides)
        if len(side) > 1
    ]
    if not found:
        problems.append(f"{path}: holds no file of images, whose name would have images-idx3- in it")
    if labels and len(found) > 1:
        problems.append(f"data.labels: {path} holds several files of images; name one of them in data.path")
    if problems:
        raise DataError(*problems)
    return [(one, _labels_of(one, labels)) for side in sides for one in side]


def _labels_of(images: Path, labels: str | None) -> Path:
    """The file named, or that which is named after the images, compressed or not."""
    if labels:
        return Path(labels)
    if not IMAGES.search(images.name):
        raise DataError(f"{images}: its name does not tell which file holds the labels; name that in data.labels")
    plain = images.with_name(IMAGES.sub(r"labels\1idx1-", images.name).removesuffix(".gz"))
    packed = plain.with_name(plain.name + ".gz")
    return packed if packed.exists() and not plain.exists() else plain
