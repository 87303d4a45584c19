"""A folder of images: one folder a class, or `train/` and `test/` that hold such."""

from collections import Counter
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
from foldproof.errors import ConfigError

ANY = Decoding("rgb", (1, 1), "resize")  # to look through files whose size is not known


def open_image_folder(section: Data) -> Reading:
    """Read `data.path`, with `data.test_path`; a row's id is the path of its file below it.

    Raises DataError naming every file that cannot be used, here or, where the names are sound, by the last chunk.
    """
    assert section.path is not None
    if section.task == "regression":
        raise ConfigError("data.task: found regression, legal for an image_folder: auto, classification")
    listing = list_classes(Path(section.path), Path(section.test_path) if section.test_path else None)
    classes = tuple(sorted(set(listing.labels)))
    problems = [*listing.problems, *(f"{section.path}: {told}" for told in lookalikes(classes))]
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
    sizes: Counter[tuple[int, int]] = Counter()
    colours: set[Colour] = set()
    first: dict[tuple[int, int], str] = {}
    for name in watched(listing.names, lambda _: 1, "headers read", len(listing.names)):
        try:
            size, colour = look(listing.folder / name)
        except UnusableImageError:
            continue  # decoding says why, with all others
        sizes[size] += 1
        colours.add(colour)
        first.setdefault(size, name)
    colour = ("rgb" if "rgb" in colours else "grey") if section.colour == "auto" else section.colour
    if section.size is not None:
        return Decoding(colour, section.size, section.fit)
    if not sizes:
        return ANY
    usual = sizes.most_common(1)[0][0]
    if len(sizes) == 1:
        return Decoding(colour, usual, None)
    listed = "; ".join(f"{told(size)}: {count}, such as {first[size]}" for size, count in sizes.most_common(10))
    more = f"; and {len(sizes) - 10} more" if len(sizes) > 10 else ""
    problems.append(
        f"{section.path}: images of {len(sizes)} sizes (height x width): {listed}{more}; "
        f"set data.size, such as [{usual[0]}, {usual[1]}]"
    )
    return Decoding(colour, usual, section.fit)
