"""The profile in words: a line a column, for the terminal's table and the report's."""

from typing import Any

COLUMNS = ("column", "type", "missing", "values")
SHOWN = 30  # columns
ADVICE = (
    "Another type: data.types: {column: number | boolean | date | category}; to leave a column out: data.drop: [column]"
)


def column_lines(profile: dict[str, Any], most: int = SHOWN) -> list[tuple[str, ...]]:
    """Name, type, missing values, and the range or the most frequent values, of the first columns."""
    return [
        (one["name"], one["kind"], str(one["missing"]) if one["missing"] else "", values_of(one))
        for one in profile["columns"][:most]
    ]


def values_of(one: dict[str, Any]) -> str:
    """`0 to 91, mean 35.2, sd 14.1`, `2020-01-01 to 2021-03-04`, or `3 different: red (12), blue (9), green (1)`."""
    if "most" in one:
        names = ", ".join(f"{_short(name)} ({count})" for name, count in one["most"])
        return f"{one['distinct']} different: {names}{', ...' if one['distinct'] > len(one['most']) else ''}"
    if "first" in one:
        return f"{one['first']} to {one['last']}"
    if one["kind"] == "boolean":
        return f"{100 * one['mean']:.3g} % true"
    if one["distinct"] == 1:
        return f"{one['least']:g} in every row"
    return f"{one['least']:.6g} to {one['largest']:.6g}, mean {one['mean']:.4g}, sd {one['sd']:.4g}"


def target_line(one: dict[str, Any], most: int = 10) -> str:
    """`species: setosa 50, versicolor 50`, or the range of a number."""
    if "classes" not in one:
        told = f"{one['least']:.6g} to {one['largest']:.6g}, mean {one['mean']:.4g}, sd {one['sd']:.4g}"
        return f"target {one['name']}: {told}"
    told = ", ".join(f"{_short(name)} {count}" for name, count in one["classes"][:most])
    more = f", and {len(one['classes']) - most} more" if len(one["classes"]) > most else ""
    return f"target {one['name']}, {len(one['classes'])} classes: {told}{more}"


def terminal_lines(profile: dict[str, Any]) -> list[str]:
    """The profile as stage prepare prints it."""
    lines = column_lines(profile)
    widths = [max(map(len, column)) for column in zip(COLUMNS, *lines, strict=True)]
    table = [_aligned(line, widths) for line in (COLUMNS, *lines)]
    more = len(profile["columns"]) - len(lines)
    table += [f"and {more} more columns"] if more > 0 else []
    table += [target_line(one) for one in profile["targets"]]
    table += [ADVICE] if profile["kind"] == "table" else []
    return table + [f"! {one}" for one in profile["warnings"]]


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"
