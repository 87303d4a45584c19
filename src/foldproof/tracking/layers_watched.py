"""What a look at a step says of a member in a few figures: over all of its layers."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from math import isfinite
from pathlib import Path

from foldproof.training.events import LayersWatched

NAMES = ("gradient_norm", "update_ratio_least", "update_ratio_largest", "dead", "saturated")
LookedAt = Mapping[tuple[int, int, int], dict[str, float]]  # by repeat, fold and epoch


def figures_of(event: LayersWatched, place: int) -> dict[str, float]:
    """Those of the member at `place`."""
    layers = ([values[place] for values in one.values()] for one in (event.update_ratio, event.dead, event.saturated))
    return _figures(event.gradient_norm[place], *layers)


def figures_in(watched_csv: Path) -> LookedAt:
    """Those of the last look of each member and epoch in `reports/watched.csv`; none where it is absent."""
    lines: dict[tuple[int, int, int], dict[int, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    if not watched_csv.exists():
        return {}
    with watched_csv.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            lines[int(row["repeat"]), int(row["fold"]), int(row["epoch"])][int(row["step"])].append(row)
    return {where: _figures_of_lines(steps[max(steps)]) for where, steps in lines.items()}


def _figures_of_lines(rows: list[dict[str, str]]) -> dict[str, float]:
    layers = ([float(row[name] or "nan") for row in rows] for name in ("update_ratio", "dead", "saturated"))
    return _figures(float(rows[0]["gradient_norm"] or "nan"), *layers)


def _figures(gradient_norm: float, ratios: list[float], dead: list[float], saturated: list[float]) -> dict[str, float]:
    """The least and the largest ratio, the largest shares; without what is no finite number, or was not seen."""
    each = [list(filter(isfinite, one)) for one in ([gradient_norm], ratios, ratios, dead, saturated)]
    extremes = (max, min, max, max, max)
    return {name: extreme(one) for name, extreme, one in zip(NAMES, extremes, each, strict=True) if one}
