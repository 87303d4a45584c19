"""Averaging at test time: over views of an image (Krizhevsky et al., 2012) and over masks (Gal and Ghahramani, 2016).

Views are deterministic, and the image itself is always one. Masks follow from the member, so figures are reproducible.
"""

from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from foldproof.config.evaluate import AtTestTime
from foldproof.data.schema import Schema
from foldproof.errors import ConfigError
from foldproof.model.exported import ExportedModel, View

Array = NDArray[Any]
DIRECTIONS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))  # down, right


def as_it_is(rows: Tensor) -> Tensor:
    """The rows `[M, n, *shape]` themselves."""
    return rows


def mirrored(rows: Tensor) -> Tensor:
    """Images `[M, n, C, H, W]` with left and right exchanged."""
    return rows.flip(-1)


def moved(rows: Tensor, down: int, right: int) -> Tensor:
    """Images `[M, n, C, H, W]` moved by whole pixels; what comes in from outside is 0, as when augmented."""
    height, width = rows.shape[-2:]
    rim = max(abs(down), abs(right))
    wide = F.pad(rows, (rim, rim, rim, rim))
    return wide[..., rim - down : rim - down + height, rim - right : rim - right + width]


def views_of(section: AtTestTime, schema: Schema) -> tuple[View, ...]:
    """The views that a section asks for, the image itself first; raises ConfigError where they do not fit the rows."""
    least = min(schema.shape[-2:]) if schema.kind == "image" else 1
    problems = []
    if section.flips and schema.kind != "image":
        problems.append(f"evaluate.test_time.flips: found true, legal for a {schema.kind}: false")
    if section.shifts >= least:
        legal = f"0 to {least - 1} pixels" if schema.kind == "image" else "0"
        problems.append(f"evaluate.test_time.shifts: found {section.shifts}, legal for this {schema.kind}: {legal}")
    if problems:
        raise ConfigError(*problems)
    flips: list[View] = [as_it_is, mirrored] if section.flips else [as_it_is]
    steps = DIRECTIONS if section.shifts else DIRECTIONS[:1]
    shifts = [partial(moved, down=section.shifts * down, right=section.shifts * right) for down, right in steps]
    return tuple(partial(_one_after_the_other, flip, shift) for flip, shift in product(flips, shifts))


def over_views(model: ExportedModel, features: Array, rows: Array, views: tuple[View, ...]) -> Array:
    """The mean over views of each member's predictions, `[M, n, ...]`; member m predicts the rows `rows[m]`."""
    seen = (model.predict_snapshots(features, rows, view).mean(axis=1, dtype=np.float64) for view in views)
    return np.asarray(sum(seen)) / len(views)


def over_masks(model: ExportedModel, features: Array, rows: Array, masks: int) -> tuple[Array, Array]:
    """Mean and standard deviation over masks of each member's predictions, `[M, n, ...]` both."""
    drawn = (model.predict_snapshots(features, rows, mask=mask).mean(axis=1, dtype=np.float64) for mask in range(masks))
    first = next(drawn)
    total, squares = np.zeros_like(first), np.zeros_like(first)
    for one in drawn:  # differences from the first, so that little is lost by cancellation
        total += one - first
        squares += (one - first) ** 2
    variance = (squares - total**2 / masks) / (masks - 1)
    return first + total / masks, np.sqrt(np.maximum(variance, 0))


def joined_spread(means: Array, spreads: Array) -> Array:
    """The standard deviation `[n, ...]` of members together, `sqrt(mean(s^2) + var(m))` of theirs, `[M, n, ...]`."""
    return np.asarray(np.sqrt((spreads**2).mean(axis=0) + means.var(axis=0)))


def refuse_masks_that_mask_nothing(masks: int, draws: bool) -> None:
    """Raise ConfigError where masks are asked for but no layer drops anything."""
    if masks and not draws:
        raise ConfigError(
            f"evaluate.monte_carlo_dropout: found {masks}, legal for a network that drops nothing: 0; "
            "or set model.dropout above 0"
        )


def _one_after_the_other(first: View, second: View, rows: Tensor) -> Tensor:
    return second(first(rows))
