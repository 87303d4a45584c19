"""The kinds of split, as rows of a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from foldproof.config.split import Split as SplitSection
from foldproof.data.dataset import Dataset
from foldproof.data.splits import by_group, by_row, by_time
from foldproof.data.splits.material import Chosen, Dealt, Material
from foldproof.errors import ConfigError


@dataclass(frozen=True)
class Kind:
    """A row of the table; `auto` takes the first kind whose needs the data meets."""

    needs: Literal["groups", "times"] | None  # what the data must have
    key: str  # the key of `data` that names it
    keeps_groups: bool  # groups are never parted, where the data has them
    ordered: bool  # by time: classes cannot be balanced, nothing can be dealt anew, and equal rows are not joined
    chosen_by: str  # how the test set is chosen, as the audit says it
    in_test: Callable[[Material], Chosen]  # the test set, [N], unless it came with the data
    deal: Callable[[Material, Chosen], Iterator[Dealt]]  # the members' roles, given the test set


KINDS: dict[str, Kind] = {
    "time": Kind("times", "data.time", True, True, "latest", by_time.in_test, by_time.deal),
    "group": Kind("groups", "data.group", True, False, "hash", by_group.in_test, by_group.deal),
    "random": Kind(None, "", False, False, "hash", by_row.in_test, by_row.deal),
}


def kind_of(section: SplitSection, dataset: Dataset) -> str:
    """The kind that is asked for, or the one that `auto` stands for; ConfigError with all that does not go with it."""
    arrays = dataset.arrays()
    name: str = section.kind
    if name == "auto":
        name = next(name for name, kind in KINDS.items() if kind.needs is None or kind.needs in arrays)
    kind = KINDS[name]
    problems: list[str] = []
    if kind.needs is not None and kind.needs not in arrays:
        problems.append(
            f"split.kind: found {name}, but the data has no {kind.needs}; name their column in {kind.key}, "
            "or set split.kind: auto"
        )
    if dataset.schema.kind == "text" and not kind.keeps_groups:
        problems.append(f"split.kind: found {name}, legal for text: auto or group, since rows are words of sentences")
    if kind.ordered and section.stratify is True:
        problems.append(f"split.stratify: found true, legal with split.kind {name}: auto or false")
    if kind.ordered and section.repeats > 1:
        problems.append(
            f"split.repeats: found {section.repeats}, legal with split.kind {name}: 1; there is one order of time"
        )
    if not kind.ordered and section.gap > 0:
        problems.append(f"split.gap: found {section.gap:g}, legal with split.kind {name}: 0; only time has gaps")
    if section.stratify is True and dataset.schema.task != "classification":
        problems.append("split.stratify: found true, legal: auto or false where the target is a number")
    if problems:
        raise ConfigError(*problems)
    return name
