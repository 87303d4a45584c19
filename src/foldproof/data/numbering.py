"""Labels as numbers that do not depend on what comes after them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_they_occur(labels: NDArray[Any]) -> NDArray[np.int64]:
    """The same labels `[N]` as 0, 1, ... in the order in which they first occur: later ones leave them as they are."""
    _, first, code = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[code], dtype=np.int64)
