"""Principal components and whitening: rows turned to the directions in which training rows vary.

With the covariance `C = V diag(v) V'` (ddof 1) of a member's centred training rows, components are `(x - middle) V`,
largest variance first; whitening divides each by `sqrt(v + epsilon)`, so that the covariance becomes the identity, and
ZCA turns them back, `V diag(1 / sqrt(v + epsilon)) V'`, so that an image still looks like one (A. Krizhevsky, "Learning
multiple layers of features from tiny images", 2009, appendix A). A direction without variance carries rounding alone
and is left out: its component is 0. Each direction's largest weight is positive, as in scikit-learn's PCA.
"""

from typing import TYPE_CHECKING

import numpy as np

from foldproof.config.preprocess import Preprocess
from foldproof.data.transforms.stream import Floats, Stream, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor


def fit(rows: TrainingRows, section: Preprocess) -> dict[str, Floats]:
    """`middle` `[F]` and `directions` `[F, K]`; a share of the variance may take fewer than K, the rest are zeros."""
    middle, variance, vectors = principal(rows.table("feature"))
    divisor = np.sqrt(variance + section.whiten_epsilon) if section.whiten != "none" else 1.0
    directions = vectors * np.where(variance > 0, 1 / np.where(variance > 0, divisor, 1.0), 0.0)
    if section.whiten == "zca":
        return {"middle": middle, "directions": directions @ vectors.T}
    if isinstance(section.pca, int):
        directions = directions[:, : section.pca]
    elif isinstance(section.pca, float):
        directions[:, enough(variance, section.pca) :] = 0
    return {"middle": middle, "directions": directions}


def flat(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    """The components `[P, B, K]` of rows `[P, B, *shape]`, in the rows' own precision."""
    import torch

    with torch.autocast(rows.device.type, enabled=False):
        return (rows.flatten(2) - learnt["middle"].unsqueeze(1)) @ learnt["directions"]


def zca(rows: "Tensor", learnt: "dict[str, Tensor]") -> "Tensor":
    """Whitened rows of the shape that they had."""
    return flat(rows, learnt).reshape(rows.shape)


def principal(table: Stream) -> tuple[Floats, Floats, Floats]:
    """Mean `[F]`, variances `[F]`, largest first and 0 where only rounding is left, and directions `[F, F]`.

    One BLAS thread, so that the bits do not depend on how many there are.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    middle, covariance = np.zeros(table.width), np.zeros((table.width, table.width))
    for chunk in table.chunks():
        middle += chunk.sum(axis=0)
    middle /= table.rows
    with threadpool_limits(limits=1):
        for chunk in table.chunks():
            centred = chunk - middle
            covariance += centred.T @ centred
        variance, vectors = np.linalg.eigh(covariance / max(table.rows - 1, 1))
    variance, vectors = variance[::-1], vectors[:, ::-1]
    rounding = variance[0] * max(table.rows, table.width) * np.finfo(np.float64).eps
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(table.width)]
    return middle, np.where(variance > rounding, variance, 0.0), vectors * np.where(largest < 0, -1.0, 1.0)


def enough(variance: Floats, share: float) -> int:
    """How many components, largest first, have more than this share of the variance; all of them have it all."""
    total = variance.sum()
    if total == 0:
        return 0
    return int(np.searchsorted(np.cumsum(variance) / total, share, side="right")) + 1
