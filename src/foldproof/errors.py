"""What foldproof raises when it refuses: every problem at once, one a line, each with what is legal and what to do."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = Sequence[object] | NDArray[Any]


class FoldproofError(Exception):
    """A refusal that the user can act on; `problems` holds one message for each thing found."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class ConfigError(FoldproofError):
    """`params.yaml` (or an override) says something that is not legal."""


class DataError(FoldproofError):
    """The data cannot be used as it is; the message names file, row or column."""


class TrainingError(FoldproofError):
    """Training cannot go on: a loss is not finite, or grew far beyond where it began."""


class CheckError(FoldproofError):
    """What was looked at before training is wrong, so that training would be wasted."""


class TrackingError(FoldproofError):
    """The MLflow store refused something that only the user can mend."""


def unknown_name(where: str, found: object, legal: Iterable[str]) -> str:
    """Say that `found` is not among the `legal` names, and which of them is nearest."""
    names = list(legal)
    lowered = {name.lower(): name for name in names}
    near = get_close_matches(str(found).lower(), lowered, n=1, cutoff=0.5)
    hint = f"; did you mean {lowered[near[0]]!r}?" if near else ""
    return f"{where}: found {found!r}, legal: {', '.join(names)}{hint}"


def listed(values: "Places", total: int | None = None, most: int = 10) -> str:
    """`3, 7, ...`: the first `most` of values, with dots where they are fewer than there are in `total`."""
    shown = values[:most]
    return ", ".join(map(str, shown)) + (", ..." if (len(values) if total is None else total) > len(shown) else "")


def counted(word: str, places: "Places", total: int | None = None, most: int = 10) -> str:
    """`2 lines (3, 17)`, or `12 rows (0, 1, ...)` of `total` things that stand at `places`, or begin with these."""
    number = len(places) if total is None else total
    return f"{number} {word}{'s' if number > 1 else ''} ({listed(places, number, most)})"
