"""Sentences of a file in columns: a token a line, a blank line after each sentence.

Where the first line with a token holds a tab, tabs part the columns of the file, else spaces. A line `# ...` is a
comment unless it has as many columns as a token's; `-DOCSTART-` begins a document, and so ends a sentence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from foldproof.errors import DataError, counted

LISTED = 50  # lines that a message names
BORDER = "-DOCSTART-"
NOTHING = ("", "_")  # how a tag is left out


@dataclass
class Faults:
    """What is wrong in a file, by kind: the numbers of the lines."""

    path: Path
    lines: dict[str, list[int]] = field(default_factory=dict)

    def note(self, what: str, line: int) -> None:
        """One more line."""
        self.lines.setdefault(what, []).append(line)

    def told(self) -> list[str]:
        """A message for each kind."""
        return [f"{self.path}: {what} in {counted('line', lines, most=LISTED)}" for what, lines in self.lines.items()]


def files_of(path: Path) -> list[Path]:
    """The file itself, or all files of a folder by name, hidden ones left out; raises DataError where there is none."""
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        if not found:
            raise DataError(f"{path}: holds no file")
        return found
    if not path.is_file():
        raise DataError(f"{path}: no such file (data.path is relative to the project's root)")
    return [path]


def columns_of(path: Path) -> int:
    """How many columns the first token has; 1 where every line begins with `#`."""
    line = _first(path)
    return len(line.split(_separator(line))) or 1


def _first(path: Path) -> str:
    """The first line with a token that does not begin with `#`; empty where there is none."""
    lines = (line for _, line in _lines(path, Faults(path)))
    return next((line for line in lines if line.strip() and not line.startswith(("#", BORDER))), "")


def _separator(line: str) -> str | None:
    return "\t" if "\t" in line else None


def sentences_of(
    path: Path, columns: int, token: int, tags: tuple[int, ...], faults: Faults
) -> Iterator[list[list[str]]]:
    """The sentences of a file, each a list of tokens with their columns; lines at fault are noted and passed over.

    `columns` is how many each token has, `token` the place of its word, `tags` are the places of those that must not be
    empty.
    """
    sentence: list[list[str]] = []
    separator = _separator(_first(path))
    for number, line in _lines(path, faults):
        cells = line.split(separator)
        if not line.strip() or cells[0] == BORDER:
            if sentence:
                yield sentence
            sentence = []
        elif not line.startswith("#") or len(cells) == columns:
            fault = _fault(cells, columns, token, tags)
            if fault:
                faults.note(fault, number)
            else:
                sentence.append(cells)
    if sentence:
        yield sentence


def _fault(cells: list[str], columns: int, token: int, tags: tuple[int, ...]) -> str:
    """What is wrong with a token; empty where nothing is."""
    if len(cells) != columns:
        return f"{columns} column{'s are' if columns > 1 else ' is'} needed, another number of them stands"
    missing = not cells[token] or any(cells[place] in NOTHING for place in tags)
    return "a token or its tag is missing" if missing else ""


def _lines(path: Path, faults: Faults) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, without their ends."""
    with path.open("rb") as stream:
        for number, content in enumerate(stream, start=1):
            try:
                yield number, content.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                faults.note("other characters than UTF-8 stand", number)
