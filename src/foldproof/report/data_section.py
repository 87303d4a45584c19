"""What the report says of the data itself, from the profile that stage prepare wrote."""

from dataclasses import dataclass
from typing import Any

from foldproof.data.profile_lines import COLUMNS, SHOWN, column_lines, target_line
from foldproof.report.rows import Rows

NAMED = {"number": "numbers", "boolean": "booleans", "date": "dates", "category": "categories"}


@dataclass(frozen=True)
class DataSection:
    """A sentence, a line a target, what is odd, and the table of columns."""

    sentence: str
    targets: tuple[str, ...]
    warnings: tuple[str, ...]
    columns: Rows
    caption: str


def data_section(profile: dict[str, Any]) -> DataSection:
    """Lay the profile out."""
    columns = profile["columns"]
    kinds = [(name, sum(one["kind"] == kind for one in columns)) for kind, name in NAMED.items()]
    counted = ", ".join(f"{name} {count}" for name, count in kinds if count)
    lacking = sum(one["missing"] for one in columns)
    values = max(1, profile["rows"] * len(columns))
    missing = (
        f"{lacking} of {values} values missing ({100 * lacking / values:.2g} %)" if lacking else "no value missing"
    )
    of_table = f"{len(columns)} columns: {counted}; {missing}; " if profile["kind"] == "table" else ""
    groups = f"; {profile['groups']} groups" if "groups" in profile else ""
    copies = profile["duplicate_rows"] or "none"
    sentence = f"{profile['rows']} rows; {of_table}{copies} of them equal to another row{groups}."
    shown = f"The first {SHOWN} of {len(columns)} columns, of" if len(columns) > SHOWN else "Of"
    return DataSection(
        sentence,
        tuple(target_line(one) for one in profile["targets"]),
        tuple(profile["warnings"]),
        Rows(COLUMNS, tuple(column_lines(profile))),
        f"{shown} all rows, test set included; networks learn nothing from these figures.",
    )
