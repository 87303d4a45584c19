"""What some augmentations must know of a member's training rows, and of no others: a table `name -> function`.

Each takes the data and the member's training rows and gives one number a channel, shaped to broadcast against a row:
`[C, 1, 1]` of images, `[F]` of tables and text, whose columns are their channels.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foldproof.data.dataset import Dataset
from foldproof.data.splits import Rows
from foldproof.data.statistics import moments
from foldproof.data.transforms.stream import Floats


def measure(dataset: Dataset, rows: Sequence[Rows], names: Iterable[str]) -> dict[str, Floats]:
    """The named measures of each member's training rows, `[P, C, 1, 1]` or `[P, F]`."""
    return {name: np.stack([MEASURES[name](dataset, own) for own in rows]) for name in names}


def _low(dataset: Dataset, rows: Rows) -> Floats:
    return _over_all_but_channels(np.min, dataset.features[rows])


def _high(dataset: Dataset, rows: Rows) -> Floats:
    return _over_all_but_channels(np.max, dataset.features[rows])


def _mean(dataset: Dataset, rows: Rows) -> Floats:
    """Of a category -1, the code of an unknown one: no number stands between two categories."""
    return _or_of_categories(_of_channels(moments(dataset, rows, "channel")[0]), dataset, -1.0)


def _deviation(dataset: Dataset, rows: Rows) -> Floats:
    """Of a category 0."""
    return _or_of_categories(_of_channels(moments(dataset, rows, "channel")[1]), dataset, 0.0)


def _or_of_categories(values: Floats, dataset: Dataset, instead: float) -> Floats:
    categories = [column.kind == "category" for column in dataset.schema.columns]
    return np.where(categories, instead, values) if any(categories) else values


def _beyond(dataset: Dataset, rows: Rows) -> Floats:  # noqa: ARG001
    """The code beyond a sentence's end of each feature: the number of its values."""
    return np.array([len(column.values) for column in dataset.schema.columns], np.float64)


def _over_all_but_channels(reduce: Callable[..., Any], features: NDArray[Any]) -> Floats:
    axes = (0, *range(2, features.ndim))
    return np.asarray(reduce(features, axis=axes, keepdims=True)[0], np.float64)


def _of_channels(values: Floats) -> Floats:
    """One value of each channel, of statistics that are spread over its pixels."""
    return values[(slice(None), *(slice(1),) * (values.ndim - 1))]


MEASURES: dict[str, Callable[[Dataset, Rows], Floats]] = {
    "low": _low,
    "high": _high,
    "mean": _mean,
    "deviation": _deviation,
    "beyond": _beyond,
}
