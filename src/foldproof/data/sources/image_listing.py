"""Which image files lie in a folder, in which class and on which side; nothing is opened."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foldproof.data.sources.image_files import FORMATS, LEGAL
from foldproof.errors import unknown_name

LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini", "__macosx")  # passed over, as hidden files are
TRAIN, TEST = "train", "test"
VALIDATION = ("val", "valid", "validation", "dev")
LINK = "a link to a folder, whose changes would go unseen; put the folder itself there"
IN_NO_CLASS = "lies in no class folder; move it into one, or elsewhere"
ADVICE = "inner validation is taken from the training rows: move its files to the classes in train/"


@dataclass(frozen=True)
class Listing:
    """Image files by name relative to `folder`, `/` between parts, sorted; and all that cannot be one."""

    folder: Path
    problems: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)  # the class of each
    in_test: list[bool] = field(default_factory=list)  # whether it lies in a given test set


def list_images(places: Sequence[Path]) -> Listing:
    """Images, and all below folders, of whatever class; their names are relative to a folder that is the only place."""
    listing = Listing(places[0] if len(places) == 1 and places[0].is_dir() else Path())
    for place in places:
        if place.is_dir():
            prefix = "" if place == listing.folder else place.as_posix() + "/"
            names = list(_images_below(place, prefix, listing.problems))
            listing.names.extend(names)
            listing.problems.extend([] if names else [f"{place}: no images in it"])
        elif place.is_file() and place.suffix.lower() in FORMATS:
            listing.names.append(place.as_posix())
        else:
            listing.problems.append(f"{place}: {'no image' if place.exists() else 'no such file'}; legal are {LEGAL}")
    return listing


def list_classes(folder: Path, test_folder: Path | None = None) -> Listing:
    """The images of a folder of class folders, or of one that holds such in `train/` and `test/`."""
    missing = [f"{place}: no such folder" for place in (folder, test_folder) if place and not place.is_dir()]
    if missing:
        return Listing(folder, missing)
    top = Path(os.path.commonpath([folder, test_folder])) if test_folder else folder
    listing = Listing(top)
    train, test = _sides(folder, listing.problems)
    if test_folder and test_folder != test and (test or folder in test_folder.parents):
        told = f"{test}: a second test set" if test else f"{test_folder}: lies among the classes of {folder}"
        listing.problems.append(f"{told}; data.test_path is for one that lies elsewhere")
    sides = [(train, False), (test_folder or test, True)]
    classes = {side: _list_side(place, side, listing) for place, side in sides if place}
    for name in sorted(classes.get(True, set()) - classes[False]):
        told = unknown_name("class", name, sorted(classes[False]))
        listing.problems.append(f"{test_folder or test}: {told}; the training rows have no such class")
    return listing


def _sides(folder: Path, problems: list[str]) -> tuple[Path, Path | None]:
    """The folders of classes to train on and to test on. `train` alone among other folders is a class of that name."""
    found = {entry.name.lower(): Path(entry.path) for entry in _visible(folder) if entry.is_dir()}
    both = TRAIN in found and TEST in found
    if not both and not (TRAIN in found and found.keys() <= {TRAIN, TEST, *VALIDATION}):
        return folder, None
    for entry in _visible(folder):
        if entry.name.lower() not in (TRAIN, TEST):
            advice = ADVICE if entry.name.lower() in VALIDATION else "move it into one of them, or elsewhere"
            problems.append(f"{entry.path}: stands beside train/ and test/; {advice}")
    return found[TRAIN], found.get(TEST)


def _list_side(place: Path, in_test: bool, listing: Listing) -> set[str]:
    """Add the images of a folder of class folders; its classes."""
    classes: set[str] = set()
    for entry in _visible(place):
        if refusal := _refusal(entry) or (None if entry.is_dir() else IN_NO_CLASS):
            listing.problems.append(f"{printable(entry.path)}: {refusal}")
            continue
        prefix = Path(entry.path).relative_to(listing.folder).as_posix() + "/"
        names = list(_images_below(Path(entry.path), prefix, listing.problems))
        if not names:
            listing.problems.append(f"{entry.path}: a class folder without an image")
        listing.names.extend(names)
        listing.labels.extend([entry.name] * len(names))
        listing.in_test.extend([in_test] * len(names))
        classes.add(entry.name)
    return classes


def _images_below(folder: Path, prefix: str, problems: list[str]) -> Iterator[str]:
    for entry in _visible(folder):
        if refusal := _refusal(entry):
            problems.append(f"{printable(entry.path)}: {refusal}")
        elif entry.is_dir():
            yield from _images_below(Path(entry.path), f"{prefix}{entry.name}/", problems)
        elif Path(entry.name).suffix.lower() not in FORMATS:
            problems.append(f"{entry.path}: legal are {LEGAL}, with the endings {', '.join(FORMATS)}")
        else:
            yield prefix + entry.name


def _refusal(entry: "os.DirEntry[str]") -> str | None:
    """Why an entry can be neither a file nor a folder of images."""
    if printable(entry.name) != entry.name:
        return "its name is not UTF-8, as the tables are that it would be written into; rename it"
    if entry.is_dir():
        return LINK if entry.is_symlink() else None
    return None if entry.is_file() else "no file, or a link to none"


def _visible(folder: Path) -> "list[os.DirEntry[str]]":
    """What lies in a folder, sorted by code points, whatever the language of the system."""
    with os.scandir(folder) as entries:
        seen = [one for one in entries if not one.name.startswith(".") and one.name.lower() not in LEFT_BY_SYSTEMS]
    return sorted(seen, key=lambda entry: entry.name)


def printable(name: str) -> str:
    """The name of a file with a question mark for each byte that is not UTF-8."""
    return name.encode(errors="replace").decode()
