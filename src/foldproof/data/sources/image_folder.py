"""A folder of images: one folder a class, or `train/` and `test/` that hold such."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from foldproof.config.data import Data
from foldproof.data.dataset import lookalikes
from foldproof.data.progress import watched
from foldproof.data.reading import Chunk, Reading
from foldproof.data.schema import Colour, Decoding, Schema, Target
from foldproof.data.sources.image_files import UnusableImageError, look, told
from foldproof.data.sources.image_listing import Listing, list_classes
from foldproof.data.sources.image_rows import decoded

Size = tuple[int, int]  # height and width
UNKNOWN = Decoding("rgb", (1, 1), "resize")  # where no file can be read; decoding then says why
LISTED = 3  # sizes told
POOLABLE = 8  # a side that is a multiple of it can be halved three times, as networks do


def open_image_folder(section: Data) -> Reading:
    """Read `data.path`, with `data.test_path`; a row's id is the path of its file below it.

    Raises DataError naming every file that cannot be used, here or, where the names are sound, by the last chunk.
    """
    assert section.path is not None
    listing = list_classes(Path(section.path), Path(section.test_path) if section.test_path else None)
    classes = tuple(sorted(set(listing.labels)))
    problems = [*listing.problems, *(f"{section.path}: {problem}" for problem in lookalikes(classes))]
    if len(classes) < 2 and not listing.problems:
        problems.append(f"{section.path}: found {len(classes)} folders with images, needed: one a class, two at least")
    decoding = _decoding(section, listing, problems)
    if problems:
        list(decoded(listing.folder, listing.names, decoding, problems))  # raises, with the bad files named as well
    target = Target(next(iter(section.targets), "class"), "classification", classes)
    schema = Schema(Path(section.path).name, "image", decoding.shape, (), (target,), decoding=decoding)
    return Reading(schema, lambda: _chunks(listing, decoding, classes), len(listing.names))


def _chunks(listing: Listing, decoding: Decoding, classes: tuple[str, ...]) -> Iterator[Chunk]:
    code = {name: place for place, name in enumerate(classes)}
    codes = np.array([code[label] for label in listing.labels], dtype=np.int64)
    longest = max(map(len, listing.names))
    in_test = np.array(listing.in_test)
    start = 0
    for rows in decoded(listing.folder, listing.names, decoding):
        some = slice(start, start := start + len(rows))
        ids = np.array(listing.names[some], dtype=f"U{longest}")
        yield Chunk(rows, codes[some], ids=ids, given_test=in_test[some] if in_test.any() else None)


def _decoding(section: Data, listing: Listing, problems: list[str]) -> Decoding:
    """What `section` says, and for what it leaves open the files' headers; adds to `problems` where they disagree."""
    if section.colour != "auto" and section.size is not None:
        return Decoding(section.colour, section.size, section.fit)
    sizes, colours = _headers(listing)
    colour = ("rgb" if "rgb" in colours else "grey") if section.colour == "auto" else section.colour
    if section.size is not None:
        return Decoding(colour, section.size, section.fit)
    if not sizes:
        return UNKNOWN
    if len(sizes) > 1:
        problems.append(f"{section.path}: {_several(sizes)}")
    usual = max(sizes, key=lambda size: len(sizes[size]))
    return Decoding(colour, usual, None if len(sizes) == 1 else section.fit)


def _headers(listing: Listing) -> tuple[dict[Size, list[str]], set[Colour]]:
    """Which sizes the images have, each with the names of those that have it, and whether any is in colour."""
    sizes: dict[Size, list[str]] = {}
    colours: set[Colour] = set()
    for name in watched(listing.names, lambda _: 1, "headers read", len(listing.names)):
        try:
            size, colour = look(listing.folder / name)
        except UnusableImageError:
            continue  # decoding says why, with all others
        sizes.setdefault(size, []).append(name)
        colours.add(colour)
    return sizes, colours


def _several(sizes: dict[Size, list[str]]) -> str:
    by_count = sorted(sizes.items(), key=lambda item: len(item[1]), reverse=True)
    listed = "; ".join(f"{told(size)}: {len(names)}, such as {names[0]}" for size, names in by_count[:LISTED])
    more = f"; and {len(sizes) - LISTED} more" if len(sizes) > LISTED else ""
    near = [max(POOLABLE, round(side / POOLABLE) * POOLABLE) for side in by_count[0][0]]
    return f"images of {len(sizes)} sizes (height x width): {listed}{more}; set data.size, such as {near}"
