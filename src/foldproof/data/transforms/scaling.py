"""Centre and scale: `x' = (x - center) / scale`, one of each for a column or pixel, or for a channel.

SCALERS is a table `name -> fit(table) -> (center [F], scale [F])`. Where a value never varies, the scale is 1.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from foldproof.config.preprocess import Preprocess, ScalerName
from foldproof.data.transforms.stream import GRAINS, Floats, Stream, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor


def fit(rows: TrainingRows, section: Preprocess) -> dict[str, Floats]:
    """`center` and `scale`, `[*shape]` each; 0 and 1 where there shall be none."""
    learnt = {"center": np.zeros(rows.shape), "scale": np.ones(rows.shape)}
    for grain in GRAINS:
        asked = [name for name in learnt if getattr(section, name) == grain]
        if asked:
            both = dict(zip(learnt, SCALERS[section.scaler](rows.table(grain)), strict=True))
            learnt |= {name: rows.spread(both[name], grain) for name in asked}
    return learnt


def apply(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    """Rows `[P, B, *shape]` centred and scaled."""
    return normalise(rows, learnt["center"], learnt["scale"])


def normalise(rows: "Tensor", center: "Tensor", scale: "Tensor") -> "Tensor":
    """Apply stacked statistics `[P, *shape]` to stacked rows `[P, B, *shape]`."""
    return (rows - center.unsqueeze(1)) / scale.unsqueeze(1)


def standard(table: Stream) -> tuple[Floats, Floats]:
    """Mean and standard deviation (ddof 0), of the values that are not missing.

    Chan, Golub and LeVeque's (1983) corrected two-pass variance, which takes out what the mean was rounded by. A value
    never varies where the variance is within that algorithm's error bound `n eps var + (n eps mean)^2`, as in
    scikit-learn's StandardScaler, whose import takes longer than the rest of the stage.
    """
    total, count = np.zeros(table.width), np.zeros(table.width)
    for chunk in table.chunks():
        missing = np.isnan(chunk)
        total += np.where(missing, 0.0, chunk).sum(axis=0) if missing.any() else chunk.sum(axis=0)
        count += len(chunk) - missing.sum(axis=0)
    count = np.maximum(count, 1)
    mean = total / count
    rounding, squares = np.zeros(table.width), np.zeros(table.width)
    for chunk in table.chunks():
        differences = chunk - mean
        if (count < table.rows).any():
            differences[np.isnan(differences)] = 0
        rounding += differences.sum(axis=0)
        differences **= 2
        squares += differences.sum(axis=0)
    variance = (squares - rounding**2 / count) / count
    smallest = np.finfo(np.float64).eps
    constant = variance <= count * smallest * variance + (count * mean * smallest) ** 2
    return mean, np.where(constant, 1.0, np.sqrt(np.where(constant, 1.0, variance)))


def min_max(table: Stream) -> tuple[Floats, Floats]:
    """Least value and range: training rows come to lie in [0, 1]."""
    low, high = _limits(table)
    return low, _not_zero(high - low)


def midrange(table: Stream) -> tuple[Floats, Floats]:
    """The middle between least and largest value, and half the range: training rows come to lie in [-1, 1]."""
    low, high = _limits(table)
    return (low + high) / 2, _not_zero((high - low) / 2)


def robust(table: Stream) -> tuple[Floats, Floats]:
    """Median and interquartile range, by scikit-learn's RobustScaler: outliers have no part in them."""
    from sklearn.preprocessing import RobustScaler

    fitted = [RobustScaler().fit(block) for block in table.columns()]
    return np.concatenate([one.center_ for one in fitted]), np.concatenate([one.scale_ for one in fitted])


def unchanged(table: Stream) -> tuple[Floats, Floats]:
    """0 and 1."""
    return np.zeros(table.width), np.ones(table.width)


def _limits(table: Stream) -> tuple[Floats, Floats]:
    low, high = np.full(table.width, np.inf), np.full(table.width, -np.inf)
    for chunk in table.chunks():
        low, high = np.minimum(low, chunk.min(axis=0)), np.maximum(high, chunk.max(axis=0))
    return low, high


def _not_zero(scale: Floats) -> Floats:
    """Ten roundings of 1 count as nothing, as in scikit-learn's MinMaxScaler."""
    return np.where(scale < 10 * np.finfo(np.float64).eps, 1.0, scale)


SCALERS: dict[ScalerName, Callable[[Stream], tuple[Floats, Floats]]] = {
    "standard": standard,
    "min_max": min_max,
    "midrange": midrange,
    "robust": robust,
}
