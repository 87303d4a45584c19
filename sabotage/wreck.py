"""A wreck: some text of the sources, what stands there instead, and the test that must not let it pass."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Wreck:
    """One fault that a hasty change could bring in."""

    name: str
    file: str  # below src/foldproof
    text: str  # found exactly once in the file
    instead: str
    test: str  # pytest's node id, below tests/

    def harmed(self, source: str) -> str:
        """The file's text with the fault in it.

        Raises ValueError where the text is not found exactly once, or what comes of it is no Python.
        """
        found = source.count(self.text)
        if found != 1:
            raise ValueError(f"{self.name}: the text is {found} times in {self.file}, it must be there once")
        harmed = source.replace(self.text, self.instead)
        if harmed == source:
            raise ValueError(f"{self.name}: nothing is changed")
        if self.file.endswith(".py"):
            try:
                ast.parse(harmed)
            except SyntaxError as error:
                raise ValueError(f"{self.name}: what comes of it is no Python: {error}") from None
        return harmed
