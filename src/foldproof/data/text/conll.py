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


def sentences_of(path: Path, columns: int | None, tags: tuple[int, ...], faults: Faults) -> Iterator[list[list[str]]]:
    """The sentences of a file, each a list of tokens with their columns; lines at fault are noted and passed over.

    `columns` is how many each token has, None for one or more; `tags` are the places of those that must not be empty.
    """
    sentence: list[list[str]] = []
    separator: str | None = None
    for number, line in _lines(path, faults):
        if separator is None and line.strip() and not line.startswith("#"):
            separator = "\t" if "\t" in line else " "
        cells = line.split("\t") if separator == "\t" else line.split()
        if not line.strip() or cells[0] == BORDER:
            if sentence:
                yield sentence
            sentence = []
        elif not _is_comment(line, cells, columns):
            fault = _fault(cells, columns, tags)
            if fault:
                faults.note(fault, number)
            else:
                sentence.append(cells)
    if sentence:
        yield sentence


def _is_comment(line: str, cells: list[str], columns: int | None) -> bool:
    return line.startswith("#") and (line.startswith("# ") if columns is None else len(cells) != columns)


def _fault(cells: list[str], columns: int | None, tags: tuple[int, ...]) -> str:
    """What is wrong with a token; empty where nothing is."""
    if columns is not None and len(cells) != columns:
        return f"{columns} columns are needed, another number of them stands"
    missing = not cells[0] or any(cells[place] in NOTHING for place in tags)
    return "a token or its tag is missing" if missing else ""


def _lines(path: Path, faults: Faults) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, without their ends."""
    with path.open("rb") as stream:
        for number, content in enumerate(stream, start=1):
            try:
                yield number, content.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                faults.note("other characters than UTF-8 stand", number)
