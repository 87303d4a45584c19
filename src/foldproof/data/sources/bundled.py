"""The real data sets that scikit-learn carries; nothing is downloaded."""

from collections.abc import Callable
from functools import partial

import numpy as np

from foldproof.config.data import Data
from foldproof.data.dataset import Dataset
from foldproof.data.describing import describe


def load_digits(section: Data) -> Dataset:
    """1,797 handwritten digits, 8x8 pixels, 17 grey levels (Alpaydin & Kaynak 1998), as images `[1, 8, 8]`."""
    from sklearn.datasets import load_digits as load

    found = load()
    images = found.images.astype(np.uint8)
    return describe("digits", images, found.target, section.task, tuple(map(str, range(10))), target="digit")


def _load_table(name: str, section: Data) -> Dataset:
    import sklearn.datasets

    found = getattr(sklearn.datasets, f"load_{name}")()
    names = getattr(found, "target_names", None)
    classes = None if names is None else tuple(map(str, names))
    task = ("regression" if classes is None else "classification") if section.task == "auto" else section.task
    return describe(name, found.data, found.target, task, classes, tuple(map(str, found.feature_names)))


BUNDLED: dict[str, Callable[[Data], Dataset]] = {
    "digits": load_digits,
    **{name: partial(_load_table, name) for name in ("breast_cancer", "wine", "iris", "diabetes")},
}
